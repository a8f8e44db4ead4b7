# make play          hear it: installs what plays and starts the daemon with the bundled model
# make test          everything that must hold: lint, types, import contracts, tests of the wheel, end to end
# make test-long     the property tests with at least 10,000 examples
# make test-soak     1,000 hours of the daemon in virtual time, with everything going wrong (HOURS=..., SEED=...)
# make test-daw      the daemon recorded by a real DAW (Ardour, headless, under PipeWire)
# make test-link     the daemon in an Ableton Link session with other programs, in a network of its own
# make test-reliability   every kill, stop, loss and change of model as often as docs/reliability.md says, with a table (over an hour; goes on where it was, ARGS='-k swaps' for some of it)
# make test-alsa    the daemon on a real ALSA sequencer (in a small virtual machine): recorded by arecordmidi, unplugged, closed while clocks come in
# make test-clients  the daemon steered by OSC clients of another make: SuperCollider, Pure Data, Node
# make format lint types   the parts of make test that developers run most; make develop makes their .venv

PYTHON ?= python3
ARGS ?=
JOBS ?= 2
HOURS ?= 1000
SEED ?= 1
export PYTHON

BASE := .venv-base
FULL := .venv-train
WHEEL := dist/.wheel
SOURCES := $(shell find src -type f -not -name '*.pyc') README.md
PYTEST := env MUSICRNN_NOTHING_MAY_BE_MISSING=1 MUSICRNN_TESTS_A_WHEEL=1
WITH_AND_WITHOUT := tests/bench tests/benchmarks tests/commands tests/export tests/models/test_model_file.py \
	tests/daemon/test_announce.py tests/daemon/test_osc_listen.py tests/daemon/test_osc_query.py tests/test_*.py
PURE := not jack and not daw and not alsa and not clients and not link

.PHONY: play develop test check lint format format-check types imports test-base test-full test-end-to-end \
	test-long test-soak test-daw test-clients test-alsa test-link test-reliability clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

play:
	@sh scripts/play.sh $(ARGS)

develop:
	sh scripts/environment.sh .venv -e '.[train,jax,jack,dev]'

test: check test-base test-full test-end-to-end

# ---- without running it ----
check: lint format-check types imports

lint: $(FULL)/.dependencies
	$(FULL)/bin/ruff check

format: $(FULL)/.dependencies
	$(FULL)/bin/ruff format
	$(FULL)/bin/ruff check --fix

format-check: $(FULL)/.dependencies
	$(FULL)/bin/ruff format --check

types: $(FULL)/.dependencies
	$(FULL)/bin/mypy

imports: $(FULL)/.dependencies
	PYTHONPATH=src $(FULL)/bin/lint-imports

# ---- the built wheel, without and with the train extra ----
test-base: $(BASE)/.wheel build/.system-test
	$(PYTEST) $(BASE)/bin/python -m pytest -q -n $(JOBS) -m '$(PURE)'
	$(PYTEST) $(BASE)/bin/python -m pytest -q -m 'jack and not train'

# What test-base has run without the extra is run again with it only where the extra could change it.
test-full: $(FULL)/.wheel build/.system-test
	$(PYTEST) $(FULL)/bin/python -m pytest -q -n $(JOBS) -m '$(PURE) and train'
	$(PYTEST) $(FULL)/bin/python -m pytest -q -n $(JOBS) -m '$(PURE) and not train' $(WITH_AND_WITHOUT)

test-end-to-end: $(FULL)/.wheel build/.system-test
	$(PYTEST) $(FULL)/bin/python -m pytest -q -m 'jack and train'

test-long: $(FULL)/.wheel
	$(PYTEST) $(FULL)/bin/python -m pytest -q -n $(JOBS) -m '$(PURE)' --hypothesis-profile=long \
		--hypothesis-show-statistics >build/long.txt || { tail -n 60 build/long.txt; exit 1; }
	$(FULL)/bin/python scripts/count_examples.py build/long.txt 10000
	tail -n 1 build/long.txt

test-soak: $(FULL)/.wheel
	$(FULL)/bin/python -u -m tests.simulation --hours $(HOURS) --seed $(SEED) --jobs $(JOBS)

test-daw: $(FULL)/.wheel build/.system-daw
	$(PYTEST) $(FULL)/bin/python -m pytest -q -s -m daw

test-clients: $(FULL)/.wheel build/.system-clients
	cd tests/peers/osc_clients && npm ci --ignore-scripts --no-audit --no-fund
	$(PYTEST) $(FULL)/bin/python -m pytest -q -s -m clients

test-alsa: $(FULL)/.wheel build/.system-alsa
	$(PYTEST) $(FULL)/bin/python -m pytest -q -s -m alsa

test-link: $(FULL)/.wheel build/.system-link
	sh scripts/environment.sh $(FULL) 'LinkPython-extern>=1.3'
	sh scripts/network_of_its_own.sh $(PYTEST) $(FULL)/bin/python -m pytest -q -s -m link

test-reliability: $(FULL)/.wheel build/.system-test
	$(PYTEST) $(FULL)/bin/python -u -m tests.reliability $(ARGS)

# ---- what the above need ----
build/.system-%: scripts/system_packages.sh
	@mkdir -p build
	sh scripts/system_packages.sh $*
	@touch $@

$(BASE)/.dependencies: pyproject.toml scripts/environment.sh
	sh scripts/environment.sh $(BASE) '.[jack,test]'
	@touch $@

$(FULL)/.dependencies: pyproject.toml scripts/environment.sh
	sh scripts/environment.sh $(FULL) '.[train,jax,jack,dev]'
	@mkdir -p build
	@touch $@

$(WHEEL): pyproject.toml $(SOURCES) $(FULL)/.dependencies
	rm -rf dist
	$(FULL)/bin/python -m build --wheel --no-isolation --outdir dist . >build/wheel.txt || { cat build/wheel.txt; exit 1; }
	@touch $@

%/.wheel: $(WHEEL) %/.dependencies
	sh scripts/environment.sh $* --force-reinstall --no-deps dist/*.whl
	@touch $@

clean:
	rm -rf build dist .venv-base .venv-train .mypy_cache .ruff_cache .pytest_cache .hypothesis
