"""MIDI controllers as hands on the controls: learnt, taken over without a jump, and kept."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.control import (
    BUTTONS,
    CONTROLS,
    Command,
    ControlValue,
    Forget,
    Keep,
    Learn,
    Panic,
    Set,
    Start,
    Status,
    Stop,
    Tap,
)
from musicrnn.daemon.midi_map import MOST, MidiMap, read_map
from musicrnn.daemon.midi_map_file import MapFile, load_map
from musicrnn.errors import ConfigError, ControlError
from tests.peers.program import wait_until

KNOB = 21
PARTS = {"mute": {"bass": 0}, "solo": {"bass": 0}, "low": {"bass": 0}, "high": {"bass": 127}}


def status(**controls: float | str) -> Status:
    """Return a status with controls at these values."""
    return Status(controls={**Status().controls, **controls}, part_controls=PARTS)


def cc(value: int, number: int = KNOB, channel: int = 1) -> bytes:
    """Return a control change."""
    return bytes((0xB0 + channel - 1, number, value))


def learnt(target: Learn, data: bytes) -> MidiMap:
    """Return a map in which the hand that sends ``data`` moves a control."""
    one = MidiMap()
    one.learn(target)
    one.hear(data, status())
    assert not one.learning
    return one


def value_of(command: Command | None) -> ControlValue:
    """Return the value that mu is to have."""
    assert isinstance(command, Set)
    assert command.name == "mu"
    return command.value


def row(**changed: object) -> str:
    """Return the text of a map of one hand, changed."""
    hand = {"kind": "controller", "channel": 1, "number": 1, "name": "mu", "part": "", "low": 0, "high": 1}
    return json.dumps({"musicrnn": "midi-map", "format": 1, "hands": [{**hand, **changed}]})


def test_the_hand_that_moves_next_is_learnt() -> None:
    """And no other moves the control."""
    one = learnt(Learn("sigma"), cc(0))
    assert one.hear(cc(127), status(sigma=0.0)) == Set("sigma", 16.0)
    assert one.hear(cc(64, number=22), status(sigma=0.0)) is None
    assert one.hear(cc(64, channel=2), status(sigma=0.0)) is None


def test_a_hand_takes_a_control_over_only_where_it_is() -> None:
    """Until the knob has come to the value, or passed it, nothing changes."""
    one = learnt(Learn("mu", low=0.0, high=4.0), cc(127))
    assert [one.hear(cc(value), status(mu=1.0)) for value in (120, 80, 45)] == [None, None, None]
    assert value_of(one.hear(cc(20), status(mu=1.0))) == pytest.approx(4.0 * 20 / 127)
    assert value_of(one.hear(cc(60), status(mu=4.0 * 20 / 127))) == pytest.approx(4.0 * 60 / 127)


def test_a_fast_hand_is_not_lost_while_its_last_wish_is_on_its_way() -> None:
    """The status is a little behind."""
    one = learnt(Learn("mu", low=0.0, high=4.0), cc(32))
    before = status(mu=1.0)
    assert value_of(one.hear(cc(32), before)) == pytest.approx(4.0 * 32 / 127)
    assert value_of(one.hear(cc(90), before)) == pytest.approx(4.0 * 90 / 127)


def test_whoever_else_changes_the_control_takes_it_out_of_the_hand() -> None:
    """No jump back."""
    one = learnt(Learn("mu", low=0.0, high=4.0), cc(32))
    one.hear(cc(33), status(mu=1.0))
    assert one.hear(cc(34), status(mu=3.0)) is None
    assert value_of(one.hear(cc(95), status(mu=3.0))) == pytest.approx(4.0 * 95 / 127)


def test_what_a_sweep_was_begun_from_is_no_place_of_the_hand_once_it_is_obeyed() -> None:
    """Another may have set the control back to it; that a hand let go of it is seen by its value alone."""
    one = learnt(Learn("mu", low=0.0, high=4.0), cc(32))
    swept = [one.hear(cc(place), status(mu=1.0)) for place in (32, 60, 90)][-1]
    assert isinstance(swept, Set)
    one.settle(swept, status(mu=swept.value))
    assert one.hear(cc(91), status(mu=1.0)) is None


def test_a_wish_that_another_took_the_place_of_is_over() -> None:
    """The engine never heard of it."""
    one = learnt(Learn("mu", low=0.0, high=4.0), cc(32))
    one.hear(cc(90), status(mu=1.0))
    one.settle(Set("mu", 1.0), status(mu=1.0))
    assert one.hear(cc(91), status(mu=1.0)) is None


def test_a_control_that_comes_to_what_was_wished_a_little_later_stays_in_the_hand() -> None:
    """As a tempo does that is proposed to others, or one that is refused for now."""
    one = learnt(Learn("tempo", low=60.0, high=187.0), cc(60))
    wish = one.hear(cc(90), status(tempo=120.0))
    assert wish == Set("tempo", 150.0)
    one.settle(wish, status(tempo=120.0))
    assert one.hear(cc(91), status(tempo=120.0)) == Set("tempo", 151.0)


def test_a_wheel_is_finer_than_a_knob() -> None:
    """Fourteen bits."""
    wheel = bytes((0xE2, 0, 64))
    one = learnt(Learn("transpose"), wheel)
    assert one.hear(wheel, status()) is None
    assert one.hear(bytes((0xE2, 127, 127)), status()) == Set("transpose", 48)


@pytest.mark.parametrize(("low", "high"), [(-9.99, 10.0), (-3.94, -10.0), (0.01, 0.08), (0.08, 0.01)])
def test_a_hand_at_its_end_gives_the_end_and_nothing_beyond(low: float, high: float) -> None:
    """Though one end and the distance to the other may add up to a bit more than the other."""
    one = learnt(Learn("density", "", low, high), cc(0))
    one.hear(cc(0), status(density=low))
    assert one.hear(cc(127), status(density=low)) == Set("density", high)


def test_a_wheel_has_its_fine_half_first() -> None:
    """As MIDI has it."""
    for fine, coarse in ((127, 0), (0, 64), (1, 127)):
        one = learnt(Learn("mu", low=0.0, high=16.0), b"\xe0\x00\x00")
        value = value_of(one.hear(bytes((0xE0, fine, coarse)), status(mu=0.0)))
        assert value == pytest.approx(16.0 * (fine + 128 * coarse) / 16383)


def test_a_hand_that_goes_the_other_way_round_has_all_its_values() -> None:
    """From the highest down."""
    one = learnt(Learn("mu", low=4.0, high=0.0), cc(0))
    assert value_of(one.hear(cc(32), status(mu=4.0))) == pytest.approx(4.0 * 95 / 127)


def test_a_control_beyond_the_ends_of_a_hand_is_taken_over_at_the_nearer_one() -> None:
    """Or it never could be."""
    for value, end, taken in ((3.0, 127, 2.0), (0.5, 0, 1.0)):
        one = learnt(Learn("mu", low=1.0, high=2.0), cc(64))
        assert value_of(one.hear(cc(end), status(mu=value))) == taken


def test_a_control_that_was_set_to_where_the_hand_is_goes_with_it() -> None:
    """However fast the hand leaves from there."""
    one = learnt(Learn("mu", low=0.0, high=4.0), cc(0))
    assert value_of(one.hear(cc(90), status(mu=0.0))) == pytest.approx(4.0 * 90 / 127)


def test_the_last_controller_before_the_channel_modes_is_a_hand() -> None:
    """Those above it silence what plays."""
    one = learnt(Learn("mu"), cc(0, number=119))
    assert one.hear(cc(127, number=119), status(mu=0.0)) == Set("mu", 16.0)
    one.learn(Learn("sigma"))
    assert one.hear(cc(0, number=120), status()) is None
    assert one.learning


def test_a_map_that_is_full_learns_no_more() -> None:
    """Nothing is put out of it for another."""
    one = MidiMap()
    for number in range(MOST + 1):
        one.learn(Learn("mu"))
        one.hear(cc(0, number=number % 100, channel=1 + number // 100), status())
    assert len(one) == MOST
    assert one.learning


def test_what_two_have_learnt_of_different_hands_is_kept_of_both() -> None:
    """Of a hand that the other one left as it was, this one's is."""
    before, theirs, ours = (learnt(Learn(name), cc(0, number=1)) for name in ("mu", "mu", "sigma"))
    theirs.learn(Learn("tempo"))
    theirs.hear(cc(0, number=2), status())
    both = ours.changed(before, theirs)
    assert len(both) == 2
    assert both.forget("sigma")
    assert both.forget("tempo")
    assert not both.forget("mu")


def test_a_key_switches_what_has_two_values_and_sets_others_by_how_it_is_struck() -> None:
    """Its release does nothing."""
    one = MidiMap()
    one.learn(Learn("mute", "bass"))
    assert one.hear(bytes((0x90, 36, 100)), status()) == Set("mute", 1, "bass")
    assert one.hear(bytes((0x80, 36, 0)), status()) is None
    assert one.hear(bytes((0x90, 36, 0)), status()) is None
    two = learnt(Learn("scale"), bytes((0x90, 37, 127)))
    assert two.hear(bytes((0x90, 37, 127)), status()) == Set("scale", CONTROLS["scale"].choices[-1])


def test_a_key_turns_over_what_it_asked_for_last_while_that_is_on_its_way() -> None:
    """The status is behind; once the wish is obeyed, taken over or refused, it is the status that counts."""
    key = bytes((0x90, 36, 100))
    one = learnt(Learn("mute", "bass"), key)
    before = status()
    one.settle(Set("mute", 0, "bass"), before)
    assert [one.hear(key, before) for _ in range(3)] == [Set("mute", value, "bass") for value in (1, 0, 1)]
    one.settle(Set("mute", 1, "bass"), before)
    assert one.hear(key, before) == Set("mute", 1, "bass")


def test_a_part_that_the_model_does_not_have_is_passed_over() -> None:
    """Another model may have it."""
    one = learnt(Learn("mute", "alto"), bytes((0x90, 36, 100)))
    assert one.hear(bytes((0x90, 36, 100)), status()) is None


def test_what_is_forgotten_moves_nothing() -> None:
    """And learning ends."""
    one = learnt(Learn("sigma"), cc(0))
    one.forget("sigma")
    assert one.hear(cc(127), status()) is None
    assert len(one) == 0


PAD = bytes((0x99, 36, 100))


@pytest.mark.parametrize("name", sorted(BUTTONS))
def test_a_key_presses_a_button_at_each_attack(name: str) -> None:
    """Its release does nothing, and a new seed is another each time."""
    one = learnt(Learn(name), PAD)
    pressed = [one.hear(PAD, status()) for _ in range(2)]
    assert one.hear(bytes((0x99, 36, 0)), status()) is None
    if name == "reseed":
        assert all(isinstance(command, Set) and command.name == "seed" for command in pressed)
        assert pressed[0] != pressed[1]
    else:
        assert pressed == [BUTTONS[name]()] * 2
    assert {type(BUTTONS[each]()) for each in ("start", "stop", "panic", "keep")} == {Start, Stop, Panic, Keep}


def test_the_press_that_is_learnt_is_obeyed() -> None:
    """As the knob that is learnt moves its control."""
    one = MidiMap()
    one.learn(Learn("stop"))
    assert one.hear(PAD, status()) == Stop()


def test_a_controller_presses_a_button_when_it_goes_over_the_middle() -> None:
    """Once: not again before it has been let go."""
    one = learnt(Learn("start"), cc(0))
    assert [one.hear(cc(value), status()) for value in (63, 64, 127, 90)] == [None, Start(), None, None]
    assert [one.hear(cc(value), status()) for value in (0, 127)] == [None, Start()]


def test_two_ends_that_are_the_same_make_a_pad_that_gives_that_value() -> None:
    """Whatever the control was at, however it is struck: seeds under the fingers."""
    one = learnt(Learn("seed", low=42, high=42), PAD)
    assert one.hear(bytes((0x99, 36, 1)), status(seed=7)) == Set("seed", 42)
    two = learnt(Learn("scale", low=2, high=2), cc(0))
    assert [two.hear(cc(value), status()) for value in (127, 0)] == [Set("scale", CONTROLS["scale"].choices[2]), None]


def test_a_pad_of_a_part_that_the_model_does_not_have_is_passed_over() -> None:
    """Another model may have it."""
    assert learnt(Learn("low", "alto", 48, 48), PAD).hear(PAD, status()) is None


def test_a_button_is_forgotten() -> None:
    """By its name."""
    one = learnt(Learn("panic"), PAD)
    one.forget("panic")
    assert one.hear(PAD, status()) is None


def test_what_is_forgotten_calls_off_only_its_own_learning() -> None:
    """Of the same control and the same part."""
    one = MidiMap()
    one.learn(Learn("mute", "bass"))
    for other in (("mu", ""), ("mute", "alto"), ("solo", "bass")):
        one.forget(*other)
        assert one.learning
    one.forget("mute", "bass")
    assert not one.learning


@pytest.mark.parametrize(
    "target", [("start", "bass"), ("start", "", 0.0, 2.0), ("start", "", 1.0, 1.0), ("tap", "", 0.5)]
)
def test_a_button_has_neither_part_nor_ends(target: tuple[str, str, float, float]) -> None:
    """There is nothing between pressed and not."""
    with pytest.raises(ControlError, match=f"{target[0]} (must have no part|is pressed and must have no ends)"):
        Learn(*target)


OTHERS = [b"", b"\xf8", bytes((0xC0, 5)), cc(0, number=123), bytes((0xA0, 60, 1)), b"\xf0\x7e\xf7"]


@pytest.mark.parametrize("data", OTHERS)
def test_other_messages_are_not_hands(data: bytes) -> None:
    """Clock, programs, channel mode, pressure."""
    one = MidiMap()
    one.learn(Learn("mu"))
    assert one.hear(data, status()) is None
    assert one.learning


@given(st.lists(st.tuples(st.sampled_from(sorted({*CONTROLS, *BUTTONS})), st.integers(0, 119)), max_size=8), st.data())
def test_whatever_a_hand_asks_for_is_a_command(targets: list[tuple[str, int]], data: st.DataObject) -> None:
    """In range, whatever the control."""
    one = MidiMap()
    for name, number in targets:
        one.learn(Learn(name, "bass" if name in PARTS else ""))
        one.hear(cc(data.draw(st.integers(0, 127)), number), status())
    for _, number in targets:
        for value in data.draw(st.lists(st.integers(0, 127), max_size=4)):
            command = one.hear(cc(value, number), status())
            assert command is None or isinstance(command, (Set, *(type(press()) for press in BUTTONS.values())))


@pytest.mark.parametrize(
    ("target", "data", "words"),
    [
        (Learn("mu"), cc(0), "learnt: controller 21 of channel 1 moves mu"),
        (Learn("mute", "bass"), PAD, "learnt: key 36 of channel 10 moves mute of bass"),
        (Learn("seed", low=42, high=42), PAD, "learnt: key 36 of channel 10 sets seed"),
        (Learn("start"), PAD, "learnt: key 36 of channel 10 presses start"),
        (Learn("transpose"), bytes((0xE2, 0, 64)), "learnt: the pitch wheel of channel 3 moves transpose"),
    ],
)
def test_what_was_learnt_is_told(target: Learn, data: bytes, words: str) -> None:
    """Which hand it is, and what it does: a touched knob may have been another than was meant."""
    assert learnt(target, data).learnt == words


def test_a_map_is_kept(tmp_path: Path) -> None:
    """Whole, in a folder that is made for it, and read again."""
    said: list[str] = []
    path = tmp_path / "new" / "map.json"
    one = learnt(Learn("mu", low=0.5, high=2.0), cc(0))
    one.learn(Learn("mute", "bass"))
    one.hear(PAD, status())
    one.learn(Learn("stop"))
    one.hear(cc(127, number=40), status())
    MapFile(path, said.append).save(one.text())
    wait_until(path.exists, 10, "the map")
    assert load_map(path).text() == one.text()
    assert said == []


def at_once(job: Callable[[], None]) -> None:
    """Write in the thread that asks for it."""
    job()


def test_two_daemons_that_share_a_file_keep_what_each_of_them_learnt(tmp_path: Path) -> None:
    """Each writes what it changed, into what the file holds then; also what it forgot, and learnt anew."""
    path, said = tmp_path / "map.json", list[str]()
    first, second = load_map(path), load_map(path)
    of_first, of_second = (MapFile(path, said.append, one.text(), at_once) for one in (first, second))
    for one, file, name, number in ((first, of_first, "mu", 21), (second, of_second, "sigma", 22)):
        one.learn(Learn(name))
        one.hear(cc(0, number), status())
        file.save(one.text())
    assert moved_by(path) == {(21, "mu"), (22, "sigma")}
    first.learn(Learn("density"))
    first.hear(cc(0, 22), status())
    of_first.save(first.text())
    assert moved_by(path) == {(21, "mu"), (22, "density")}
    first.forget("mu")
    of_first.save(first.text())
    assert moved_by(path) == {(22, "density")}
    assert said == []


def moved_by(path: Path) -> set[tuple[int, str]]:
    """Return the numbers of the controllers in a file, each with the name of what it moves."""
    return {(row["number"], row["name"]) for row in json.loads(path.read_text(encoding="utf-8"))["hands"]}


def test_maps_are_written_in_the_order_in_which_they_were_given(tmp_path: Path) -> None:
    """Whichever thread comes first."""
    jobs: list[Callable[[], None]] = []
    file = MapFile(tmp_path / "map.json", print, start=jobs.append)
    one = learnt(Learn("mu"), cc(0))
    file.save(one.text())
    one.learn(Learn("sigma"))
    one.hear(cc(0), status())
    file.save(one.text())
    for job in reversed(jobs):
        job()
    assert moved_by(tmp_path / "map.json") == {(KNOB, "sigma")}


def test_what_could_not_be_written_is_written_with_what_is_learnt_next(tmp_path: Path) -> None:
    """And that it was not is said."""
    said: list[str] = []
    folder = tmp_path / "folder"
    folder.write_text("")
    file = MapFile(folder / "map.json", said.append, start=at_once)
    one = learnt(Learn("mu"), cc(0))
    file.save(one.text())
    assert len(said) == 1
    folder.unlink()
    folder.mkdir()
    other = learnt(Learn("density"), cc(0, number=30))
    MapFile(folder / "map.json", said.append, start=at_once).save(other.text())
    one.learn(Learn("sigma"))
    one.hear(cc(0, number=22), status())
    file.save(one.text())
    assert moved_by(folder / "map.json") == {(KNOB, "mu"), (22, "sigma"), (30, "density")}


def test_a_file_that_two_have_filled_is_not_made_too_long(tmp_path: Path) -> None:
    """It could not be read any more."""
    path, said = tmp_path / "map.json", list[str]()
    full, one = MidiMap(), learnt(Learn("mu"), cc(0, channel=16))
    for number in range(MOST):
        full.learn(Learn("mu"))
        full.hear(cc(0, number % 100, number // 100 + 1), status())
    MapFile(path, said.append, start=at_once).save(full.text())
    MapFile(path, said.append, start=at_once).save(one.text())
    assert len(load_map(path)) == MOST
    assert said == [f"{path}: a map of MIDI controllers must have at most 256 hands, got 257; the change is not kept"]


def test_a_damaged_file_is_written_anew_once_something_is_learnt(tmp_path: Path) -> None:
    """By the whole map."""
    path = tmp_path / "map.json"
    path.write_text("{", encoding="utf-8")
    one = learnt(Learn("mu"), cc(0))
    MapFile(path, print, one.text(), at_once).save(one.text())
    assert moved_by(path) == {(KNOB, "mu")}


def test_the_map_of_the_recipe_is_read_and_its_hands_are_obeyed() -> None:
    """Each pad and each knob of docs/recipes.md."""
    one = load_map(Path(__file__).parents[2] / "docs/recipes/eight-knobs-eight-pads.json")
    pads = [one.hear(bytes((0x99, note, 100)), status()) for note in range(36, 40)]
    assert pads[:3] == [Start(), Stop(), Tap()]
    assert isinstance(pads[3], Set)
    moved = [[one.hear(cc(value, number), status()) for value in (0, 127)] for number in range(70, 78)]
    names = {command.name for pair in moved for command in pair if isinstance(command, Set)}
    assert names == {"mu", "sigma", "density", "tempo", "transpose", "velocity", "scale", "root"}
    assert len(one) == 16


def test_where_there_is_no_file_there_is_no_hand(tmp_path: Path) -> None:
    """The first start."""
    assert len(load_map(tmp_path / "none.json")) == 0
    with pytest.raises(ConfigError, match=r": a map of MIDI controllers must be readable, got: Is a directory$"):
        load_map(tmp_path)
    (tmp_path / "latin.json").write_bytes(b"{\xff")
    with pytest.raises(ConfigError, match=r"latin\.json: a map of MIDI controllers must be UTF-8 text, got: "):
        load_map(tmp_path / "latin.json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"musicrnn": "midi-map", "format": 2, "hands": []}',
        '{"musicrnn": "midi-map", "format": 1, "hands": [{"kind": "knob"}]}',
        row(channel=17),
        row(number=True),
        row(high=99),
        row(name="volume"),
        row(part="bass"),
        row(kind="knob"),
        "[" * 100_000,
    ],
)
def test_what_is_no_map_is_refused(text: str) -> None:
    """With the file's name."""
    with pytest.raises(
        ConfigError, match=r"map\.json: a map of MIDI controllers must be (as it was written: |JSON, got )"
    ):
        read_map(text, "map.json")


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"channel": 17}, "channel must be a whole number in 1..16, got 17"),
        ({"number": 128}, "number must be a whole number in 0..127, got 128"),
        ({"number": True}, "number must be a whole number in 0..127, got True"),
        ({"kind": "knob"}, "kind must be one of controller, wheel, note, got 'knob'"),
        ({"kind": []}, "kind must be one of controller, wheel, note, got []"),
        ({"high": 99}, "mu must be in 0..16, got 99"),
        ({"low": "a"}, "mu must be a finite number, got 'a'"),
        ({"low": None}, "mu must be a finite number, got None"),
        ({"low": 10**400}, "mu must be a finite number, got 1000"),
        ({"high": [[]] * 1000}, "mu must be a finite number, got [[], []"),
        ({"name": "scale", "high": "dorian"}, "scale must be given by its number, got 'dorian'"),
        ({"name": "start", "low": None}, "start is pressed and must have no ends, got None to 1"),
        ({"name": "start", "low": "0"}, "start is pressed and must have no ends, got '0' to 1"),
        ({"name": "start", "low": []}, "start is pressed and must have no ends, got [] to 1"),
        ({"name": "start", "high": -(10**400)}, "start is pressed and must have no ends, got 0 to -1000"),
        ({"name": "start", "high": True}, "button must be a finite number, got True"),
        ({"name": ["mu"]}, "name must be text, got ['mu']"),
        ({"part": 3}, "part must be text, got 3"),
    ],
)
def test_the_hand_that_is_wrong_in_a_map_is_told_of(changed: dict[str, object], rule: str) -> None:
    """Which one it is, counted from 1, the rule and the value: a map may be written by hand."""
    with pytest.raises(ConfigError, match=re.escape(f"must be as it was written: hand 1: {rule}")) as refused:
        read_map(row(**changed), "map.json")
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"musicrnn": "midi-map", "format": 2, "hands": []}', "format must be 1, got 2"),
        ('{"musicrnn": "midi-map", "format": 1, "hands": {}}', "hands must be a list of at most 256"),
        ('{"musicrnn": "midi-map", "format": 1, "hands": [3]}', "hand 1: it must be an object, got 3"),
        ('{"musicrnn": "midi-map", "format": 1, "hands": [{"kind": "note"}]}', "hand 1: it must have a channel"),
    ],
)
def test_what_a_map_lacks_is_told(text: str, rule: str) -> None:
    """By its name in the file."""
    with pytest.raises(ConfigError, match=re.escape(f"must be as it was written: {rule}")):
        read_map(text, "map.json")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(sorted({*CONTROLS, *BUTTONS}))


@given(NAMES, st.dictionaries(st.sampled_from(["kind", "channel", "number", "part", "low", "high"]), ANYTHING))
def test_whatever_stands_in_a_map_it_is_read_or_refused(name: str, changed: dict[str, object]) -> None:
    """A file that was written by hand must not end the daemon with a traceback."""
    with contextlib.suppress(ConfigError):
        assert len(read_map(row(name=name, **changed), "map.json")) == 1


@pytest.mark.parametrize("words", [("volume", ""), ("mu", "bass"), ("mute", "")])
def test_only_a_control_can_be_learnt(words: tuple[str, str]) -> None:
    """And a part's only with its part."""
    with pytest.raises(ControlError):
        Learn(*words)
    with pytest.raises(ControlError):
        Forget(*words)
