"""A corpus on the device: batches made there of where windows stand are, to the bit, those that are made here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tensorflow.python.framework import kernels

from musicrnn.config.corpus import CorpusSettings
from musicrnn.models.grammar import Grammar
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.trainer.dataset import Piece, piece_of
from musicrnn.trainer.kept import Kept
from musicrnn.trainer.lanes import Lanes
from musicrnn.trainer.material import material
from musicrnn.trainer.rows import Excerpt, excerpt, rows_of, starts_of
from tests.models.strategies import scores, vocabularies
from tests.trainer.pieces import tunes

pytestmark = pytest.mark.train
SHIFTS = 4
NAMES = ("tokens", "places", "targets", "valid", "legal", "fresh")
IN_THE_HOST = {"Pack", "Shape", "StridedSlice", "ConcatV2", "Prod", "Reshape"}  # of shapes, none of which is sent
AT_THE_ENDS = {
    "Const",
    "Placeholder",
    "NoOp",
    "Identity",
}  # the last of what is returned: gone where a step takes it in


def _both(pieces: list[Piece], vocabulary: Vocabulary, steps: int, **how: Any) -> list[tuple[Any, Any]]:
    """Return batches and what the device makes of the same windows."""
    here, there = (Lanes(pieces, Grammar(vocabulary), 2, 24, transpose=SHIFTS, seed=1, **how) for _ in range(2))
    starts = starts_of([pieces])[0]
    kept = Kept(rows_of([pieces], vocabulary), vocabulary, SHIFTS)
    found = []
    for _ in range(steps):
        batch, place = here.next(), excerpt(there, starts)
        assert batch is not None
        assert place is not None
        found.append((batch, kept.batch(kept.rows, *_sent(place))))
    return found


def _sent(place: Excerpt) -> tuple[tf.Tensor, ...]:
    return tuple(map(tf.constant, (place.at, place.shift, place.fresh)))


def _assert_same(both: list[tuple[Any, Any]]) -> None:
    for batch, made in both:
        for name, tensor in zip(NAMES, made, strict=True):
            wanted = getattr(batch, name)
            found = np.asarray(tensor)
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape), name
            assert (found == wanted).all(), name


@given(st.data())
def test_a_batch_made_on_the_device_is_the_one_made_here(data: st.DataObject) -> None:
    """Whatever the parts, the velocities, the polyphony, the transposition and the padding are."""
    vocabulary = data.draw(vocabularies())
    drawn = [data.draw(scores(vocabulary)) for _ in range(3)]
    pieces = [piece_of(score, Grammar(vocabulary), SHIFTS)[0] for score in drawn]
    _assert_same(_both(pieces, vocabulary, 4, packed=data.draw(st.booleans())))


def test_whole_tunes_come_out_the_same_epoch_after_epoch() -> None:
    """Transposed otherwise each time."""
    prepared = material(tunes(10), CorpusSettings(ticks_per_beat=4, transpose=SHIFTS))
    both = _both(list(prepared.train), prepared.vocabulary, 40)
    _assert_same(both)
    assert len({np.asarray(made[0]).tobytes() for _, made in both}) > 30


def test_what_is_sent_for_a_prediction_is_six_bytes() -> None:
    """Where a batch has some hundred, most of them its mask."""
    prepared = material(tunes(4), CorpusSettings(ticks_per_beat=4, transpose=0))
    lanes = Lanes(prepared.train, Grammar(prepared.vocabulary), 2, 32, seed=1)
    batch, place = lanes.next(), excerpt(lanes, starts_of([prepared.train])[0])
    assert batch is not None
    assert place is not None
    assert sum(array.nbytes for array in (place.at, place.shift, place.fresh)) == 6 * place.at.size
    assert batch.legal.nbytes == prepared.vocabulary.size * place.at.size


def test_on_a_gpu_all_of_it_would_stay_there() -> None:
    """TensorFlow has a kernel for a GPU for each operation, whose arrays are not in the host's memory."""
    prepared = material(tunes(4), CorpusSettings(ticks_per_beat=4, transpose=2))
    kept = Kept(rows_of([prepared.train], prepared.vocabulary), prepared.vocabulary, 2)
    signature = [tf.TensorSpec([2, None], kind) for kind in (tf.int32, tf.int8, tf.bool)]
    graph = tf.function(lambda *sent: kept.batch(kept.rows, *sent), input_signature=signature).get_concrete_function()
    wanting = {f"{op.type} {_types(op)}" for op in graph.graph.get_operations() if not _stays(op)}
    assert not wanting


def _types(op: tf.Operation) -> dict[str, str]:
    kinds = {attribute.name: attribute.type for attribute in op.op_def.attr}
    return {name: op.get_attr(name).name for name, kind in kinds.items() if kind == "type"}


def _stays(op: tf.Operation) -> bool:
    """Tell whether a GPU can do it with arrays of its own; what is known when it is compiled does not count."""
    if op.type in AT_THE_ENDS or (op.type in IN_THE_HOST and _of_shape(op)):
        return True
    for kernel in kernels.get_registered_kernels_for_op(op.type).kernel:
        if kernel.device_type != "GPU" or not _fits(kernel, op):
            continue
        data = {argument.name for argument in op.op_def.output_arg} | {op.op_def.input_arg[0].name}
        if not data & set(kernel.host_memory_arg):
            return True
    return False


def _of_shape(op: tf.Operation) -> bool:
    return all(tensor.dtype == tf.int32 and tensor.shape.rank in (0, 1) for tensor in op.outputs)


def _fits(kernel: Any, op: tf.Operation) -> bool:
    types = {name: op.get_attr(name).as_datatype_enum for name in _types(op)}
    return all(
        types[constraint.name] in constraint.allowed_values.list.type
        for constraint in kernel.constraint
        if constraint.name in types
    )
