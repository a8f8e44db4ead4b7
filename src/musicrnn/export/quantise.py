"""Turn a float32 model file into an int8 one."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import replace
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from musicrnn.errors import ModelError
from musicrnn.export.graph_names import without_trimmings
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import check_model, seal


def quantise(content: bytes, source: str = "model", info: ModelInfo | None = None) -> bytes:
    """Return the same model with int8 weights in its products; ModelError where it is not a float32 model file.

    ``info`` describes the result, where it is not to say what the float32 model says.

    Weights are quantised column by column, to 7 bits: sums of 8-bit products saturate on x86 machines
    without VNNI, and a model must sound the same everywhere. What is multiplied by them is quantised
    anew at each step. Tables of token and position stay float32.
    """
    checked = check_model(content, source)
    if checked.info.precision != "float32":
        raise ModelError(f"{source}: only a float32 model can be quantised, got {checked.info.precision}")
    model = onnx.load_model_from_string(content)
    del model.metadata_props[:]
    quantised = without_trimmings(_quantised(model))
    return seal(quantised.SerializeToString(deterministic=True), replace(info or checked.info, precision="int8"))


def _quantised(model: onnx.ModelProto) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory(prefix="musicrnn-") as folder:
        source, target = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(model.SerializeToString())
        level = logging.root.level
        logging.root.setLevel(logging.ERROR)
        try:
            quantize_dynamic(
                source,
                target,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
            )
        finally:
            logging.root.setLevel(level)
        return onnx.load(target)
