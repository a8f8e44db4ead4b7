"""The commands of `musicrnn`: each module has `add_arguments(parser)` and `run(args) -> exit status`.

A command's module imports what it needs inside its functions, so that `--help` stays quick.
"""
