"""Another model takes over at a bar line: what is sent, what is kept, what is written down."""

from __future__ import annotations

import itertools
import json

import pytest

from musicrnn.control import Continue, Model, Panic, Prime, Reset, Set, Start, Stop
from musicrnn.daemon.replay import Replay
from musicrnn.daemon.session import parse_session
from musicrnn.errors import ControlError, SessionError
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.generator import Generator
from musicrnn.models.past import Past
from musicrnn.models.score import Part
from musicrnn.models.step import StepModel
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import FailingModel, ScriptedModel, random_model, small_vocabulary
from tests.daemon.driving import DELAY, TICK, Driver, driver

ON, OFF, PROGRAM = 0x90, 0x80, 0xC0
BAR = 16 * TICK
HELD: list[Frame] = [(Sounding(0, 60),), *[(Sounding(0, 60, False),)] * 15]
FLUTE = Vocabulary(12, (Part("flute", 70, 90, channel=3, program=73, polyphony=1),))
OLD = ScriptedModel(small_vocabulary(), HELD)
NEW = ScriptedModel(FLUTE, [(Sounding(0, 80),), *[()] * 5])


def playing(model: StepModel = OLD, prime: str = "", **settings: object) -> Driver:
    """Return an engine that has played five ticks, or with a prime four."""
    player = driver(model, prime, **settings)
    player.do(Start())
    player.ticks(5)
    player.notes()
    return player


def take(player: Driver, model: StepModel = NEW, name: str = "flutes") -> None:
    """Let another model take over."""
    player.engine.take_over(Generator(model), name, "abc")


def entries(player: Driver) -> list[dict[str, object]]:
    """Return the session log's entries without the bars."""
    return [entry for line in player.log.splitlines()[1:] if (entry := json.loads(line))["do"] != "bar"]


def replayed(player: Driver, *models: StepModel) -> bool:
    """Tell whether the log plays the same again, with these models in place of those that took over."""
    others = iter(models)
    again = Replay(parse_session(player.log, "log"), Generator(OLD), find=lambda *_: next(others))
    return again.run() == player.score


def test_the_old_model_ends_and_the_new_one_begins_at_the_bar_line() -> None:
    """Its notes end, the new programs are sent, and the first note sounds, all at the moment of the line."""
    player = playing()
    take(player)
    player.ticks(12)
    line = round(DELAY + BAR, 6)
    assert [(round(message.seconds - 1000.0, 6), message.data.hex(" ")) for message in player.sent] == [
        (line, "80 3c 00"),
        (line, "c2 49"),
        (line, "92 50 60"),
    ]


def test_a_model_that_another_takes_the_place_of_is_let_go_of_elsewhere() -> None:
    """As one that has played: it may take long."""
    player = playing()
    take(player)
    player.prepare()
    take(player, OLD, "old")
    assert [one.generator.model for one in player.engine.take_retired()] == [NEW]
    assert player.engine.take_retired() == []


def test_the_bar_lines_stay_where_they_were_on_a_finer_grid() -> None:
    """Twelve ticks a beat: half a beat is six ticks, and takes as long as two took before."""
    player = playing()
    take(player)
    player.ticks(11 + 3 * 48)
    heads = [moment for moment, status, _, velocity in player.notes() if status == ON + 2 and velocity == 96]
    assert heads == [round(DELAY + bar * BAR, 6) for bar in (1, 2, 3)]
    assert player.engine.status(player.clock.now()).bar == 3


class Recalling(Generator):
    """A generator that knows how many ticks its memory was asked to go over each time."""

    def __init__(self, model: StepModel) -> None:
        super().__init__(model)
        self.ticks = [0]

    def recall(self, past: Past) -> None:
        """Note how many there are."""
        super().recall(past)
        self.ticks.append(past.ticks)


def test_the_memory_of_a_long_prime_is_read_bit_by_bit_as_the_prime_is() -> None:
    """Before its first tick is made: to read 200 bars at once took 40 ms."""
    player = playing(prime="C4 . -319")
    generator = Recalling(random_model(small_vocabulary()))
    player.engine.take_over(generator, "other", "abc")
    player.prepare()
    assert generator.ticks[-1] == 320
    assert max(after - before for before, after in itertools.pairwise(generator.ticks)) == 16


def test_the_future_of_the_new_model_is_made_before_its_bar_line() -> None:
    """The model is not called at the moment itself."""
    counted = FailingModel(NEW, lambda _: "")
    player = playing(lookahead=3)
    take(player, counted)
    player.ticks(11)
    player.prepare()
    before = counted.calls
    player.clock.wait_until(player.engine.next_deadline() or 0.0)
    assert player.engine.release(player.clock.now())
    assert player.engine.status(player.clock.now()).parts == ("flute",)
    assert counted.calls == before


def test_the_status_follows_the_model_that_plays() -> None:
    """Its parts are those that can be muted."""
    player = playing()
    take(player)
    player.ticks(12)
    assert player.engine.status(player.clock.now()).parts == ("flute",)
    with pytest.raises(ControlError, match="one of flute, got 'soprano'"):
        player.do(Set("mute", 1, "soprano"))


def test_muted_parts_stay_muted_by_their_names() -> None:
    """Of those that the new model has."""
    player = playing()
    player.do(Set("mute", 1, "bass"), Set("mute", 1, "drums"))
    take(player, random_model(small_vocabulary(drums=False), 1))
    player.ticks(12)
    assert player.engine.status(player.clock.now()).muted == {"bass"}


def test_what_was_said_of_a_part_holds_again_when_a_model_that_has_it_is_back() -> None:
    """Mute and solo as low and high: with a flute alone between, of which nothing was said, and which is heard."""
    said = {"mute": "bass", "solo": "soprano", "low": "drums"}
    player = playing()
    player.do(*(Set(name, 1, part) for name, part in said.items()))
    take(player)
    player.ticks(12)
    assert player.engine.status(player.clock.now()).part_controls["mute"] == {"flute": 0}
    assert any(status == ON + 2 for _, status, _, _ in player.notes())
    back = random_model(small_vocabulary(), 1)
    take(player, back, "back")
    player.ticks(96)
    values = player.engine.status(player.clock.now()).part_controls
    assert all(values[name][part] == 1 for name, part in said.items()), values
    player.do(Set("mute", 0, "bass"))
    assert not player.engine.status(player.clock.now()).muted
    player.end()
    assert replayed(player, NEW, back)


def test_controls_and_tempo_stay() -> None:
    """Whether they were set before the wish or after it."""
    player = playing()
    player.do(Set("mu", 2.0))
    take(player)
    player.do(Set("density", 3.0), Set("tempo", 60.0))
    player.ticks(12)
    status = player.engine.status(player.clock.now())
    assert (status.controls["mu"], status.controls["density"], status.tempo) == (2.0, 3.0, 60.0)


def test_the_log_names_the_model_its_file_and_where_its_ticks_begin() -> None:
    """And then the piece that begins there."""
    player = playing()
    take(player)
    player.ticks(12)
    player.end()
    swap, begin = entries(player)[1:3]
    assert swap == {
        "tick": 16, "do": "model", "name": "flutes", "sha256": "abc", "vocabulary": FLUTE.fingerprint, "to": 48,
    }  # fmt: skip
    assert begin == {"tick": 48, "do": "reset"}


def test_the_recording_has_the_parts_of_both_and_replays_to_the_same() -> None:
    """On the finer grid."""
    player = playing()
    take(player)
    player.ticks(60)
    player.end()
    score = player.score
    assert score.ticks_per_beat == 12
    assert [part.name for part in score.parts] == ["soprano", "bass", "drums", "flute"]
    assert [note.start for note in score.notes if note.part == 3][:2] == [48, 54]
    assert replayed(player, NEW)


def test_a_model_wanted_before_the_start_plays_from_the_start() -> None:
    """The one before has left nothing in the recording."""
    player = driver(OLD)
    take(player)
    player.prepare()
    player.do(Start())
    player.ticks(3)
    assert player.engine.status(player.clock.now()).parts == ("flute",)
    player.end()
    assert [part.name for part in player.score.parts] == ["flute"]
    assert replayed(player, NEW)


def test_a_model_wanted_while_it_stands_still_waits_at_the_next_bar_line() -> None:
    """Continue goes on from there."""
    player = playing()
    player.do(Stop())
    take(player)
    player.prepare()
    assert player.engine.tick == 48
    player.do(Continue())
    player.ticks(2)
    player.end()
    assert [entry["do"] for entry in entries(player)] == ["start", "stop", "model", "continue", "reset", "stop", "end"]
    assert replayed(player, NEW)


def test_the_prime_is_read_by_the_new_model_too() -> None:
    """What it leaves sounding is struck at the bar line."""
    player = playing(ScriptedModel(small_vocabulary(), [()]), prime="C4 . -15")
    take(player, ScriptedModel(small_vocabulary(), [()]))
    player.ticks(13)
    assert [event[1:] for event in player.notes()] == [(OFF, 60, 0), (ON, 60, 96)]


def test_a_prime_that_the_new_model_cannot_name_is_not_used_and_comes_back_with_one_that_can() -> None:
    """The status says so."""
    player = playing(prime="C4 . -15")
    take(player)
    player.ticks(13)
    assert "does not fit the model flutes" in player.engine.status(player.clock.now()).message
    take(player, OLD, "old")
    player.ticks(60)
    player.end()
    assert [(entry["do"], entry.get("prime")) for entry in entries(player)[1:5]] == [
        ("model", None),
        ("reset", ""),
        ("model", None),
        ("reset", "C4 . -15"),
    ]
    assert replayed(player, NEW, OLD)


def test_a_prime_is_replayed_after_a_model_in_between_that_could_not_name_its_notes_and_never_began() -> None:
    """The log has no word of the prime there: it is the same as before."""
    chance = random_model(small_vocabulary(), 1)
    player = playing(chance, prime="bass:C3 . -15")
    player.do(Stop())
    for model, name in ((NEW, "flutes"), (chance, "chance")):
        take(player, model, name)
        player.prepare()
    player.do(Start())
    player.ticks(20)
    player.end()
    assert [entry["do"] for entry in entries(player)] == ["start", "stop", "model", "model", "start", "stop", "end"]
    others = iter((NEW, chance))
    again = Replay(parse_session(player.log, "log"), Generator(chance), find=lambda *_: next(others))
    assert again.run() == player.score


def test_a_prime_given_while_a_model_waits_is_its_prime_as_well() -> None:
    """It is read again, by the new model."""
    player = playing()
    take(player, ScriptedModel(small_vocabulary(), [()]))
    player.do(Prime("bass:C3 . -15"))
    player.ticks(12)
    assert [event[1:3] for event in player.notes()] == [(OFF, 60), (ON + 1, 48)]


def test_the_last_of_several_wins() -> None:
    """Nothing of the other is heard."""
    player = playing()
    take(player)
    player.prepare()
    take(player, OLD, "old")
    player.ticks(12)
    player.end()
    assert [entry["name"] for entry in entries(player) if entry["do"] == "model"] == ["old"]


def test_a_model_that_fails_in_its_first_ticks_is_not_played() -> None:
    """The old one goes on, and the status says why."""
    player = playing()
    take(player, FailingModel(NEW, lambda _: "logits"))
    player.ticks(20)
    status = player.engine.status(player.clock.now())
    assert status.parts == ("soprano", "bass", "drums")
    assert "flutes is not played: it must play its first ticks" in status.message
    assert not [entry for entry in entries(player) if entry["do"] == "model"]


def test_a_model_that_fails_at_the_prime_is_not_played() -> None:
    """As one that fails later."""
    player = playing(prime="C4 . -15")
    take(player, FailingModel(OLD, lambda _: "raise"))
    player.ticks(20)
    assert "could not read the prime" in player.engine.status(player.clock.now()).message


def test_a_grid_that_no_file_could_hold_beside_the_others_is_refused() -> None:
    """Sevenths of a beat beside quarters."""
    player = playing()
    with pytest.raises(ControlError, match="got 7 ticks a beat"):
        take(player, random_model(small_vocabulary(ticks_per_beat=7)))


def test_a_bar_line_that_was_skipped_is_not_where_it_takes_over() -> None:
    """The next one is, with a future made for it."""
    player = playing()
    take(player)
    player.ticks(10)
    player.late(0.8)
    player.ticks(20)
    player.end()
    swap = next(entry for entry in entries(player) if entry["do"] == "model")
    assert (swap["tick"], swap["to"]) == (32, 96)
    assert replayed(player, NEW)


def test_a_start_asked_for_at_the_same_bar_line_is_a_start() -> None:
    """And the session begins its counting there."""
    player = playing()
    take(player)
    player.do(Start())
    player.ticks(30)
    player.end()
    assert [entry["do"] for entry in entries(player)][:3] == ["start", "model", "start"]
    assert replayed(player, NEW)


def test_the_end_after_so_many_bars_stays_where_it_was() -> None:
    """Three bars, the last two of them on the finer grid."""
    player = playing(bars=3)
    take(player)
    player.ticks(200)
    assert player.engine.finished
    assert player.engine.tick == 3 * 48


def test_panic_reaches_the_channels_of_both() -> None:
    """The old ones may still ring."""
    player = playing()
    take(player)
    player.ticks(12)
    player.do(Panic())
    assert {message.data[0] & 15 for message in player.sent if message.data[0] & 0xF0 == 0xB0} == {0, 1, 2, 9}


def test_a_reset_at_the_same_bar_line_is_the_new_model_alone() -> None:
    """One begin is logged, not two."""
    player = playing()
    take(player)
    player.do(Reset())
    player.ticks(12)
    assert [entry["do"] for entry in entries(player)] == ["start", "model", "reset"]


def test_a_name_is_no_model() -> None:
    """Whoever drives the engine loads it first."""
    with pytest.raises(ControlError, match="must be loaded before"):
        playing().do(Model("flutes"))


@pytest.mark.parametrize("name", ["", "a/b", "../x", "x.onnx", "a b", "x" * 65, "é", "a\n"])
def test_a_model_has_a_name_and_never_a_path(name: str) -> None:
    """Nothing but letters, digits, hyphens and underscores."""
    with pytest.raises(ControlError, match="and no path"):
        Model(name)


def test_what_has_played_is_given_back_to_be_let_go_elsewhere() -> None:
    """Once."""
    player = playing()
    take(player)
    player.ticks(12)
    assert [old.vocabulary for old in player.engine.take_retired()] == [OLD.info.vocabulary]
    assert player.engine.take_retired() == []


def test_a_replay_without_the_model_that_took_over_is_refused_before_it_plays() -> None:
    """So is one with another under its name."""
    player = playing()
    take(player)
    player.ticks(12)
    player.end()
    session = parse_session(player.log, "log")
    with pytest.raises(SessionError, match="flutes is not there"):
        Replay(session, Generator(OLD))
    with pytest.raises(SessionError, match="its own model flutes with the seal abc"):
        Replay(session, Generator(OLD), find=lambda *_: OLD)
