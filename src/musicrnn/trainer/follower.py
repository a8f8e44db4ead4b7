"""A worker that is not the chief: it learns the same, and leaves every file to the chief."""

from __future__ import annotations

from collections.abc import Mapping

from musicrnn.errors import TrainingError
from musicrnn.trainer import checkpoint, session
from musicrnn.trainer.count import Count, Windows
from musicrnn.trainer.fit import Ending
from musicrnn.trainer.team import alike
from musicrnn.trainer.training import Training

OTHER_MASKS = 1_000_003


class Follower(Training):
    """Learns from its own lanes, from the chief's weights on; whatever the chief exchanges, it exchanges too."""

    def _begun(self) -> Count:
        self._save()
        self._check_precision()
        return self.count

    def _resumed(self) -> Count:
        self._reload()
        self._check_precision()
        return self.count

    def _reload(self) -> Count:
        """Go on from what the chief hands out, with dropout masks of its own."""
        stored = checkpoint.unpacked(self.team.from_chief(b""))
        theirs, mine = stored.description["alike"], alike(self.settings)
        differing = [name for name in mine if theirs.get(name) != mine[name]]
        if differing:
            name = differing[0]
            raise TrainingError(f"{name} must be the same for all workers, got {mine[name]} for {theirs.get(name)}")
        self.count = session.take_up(stored, "the chief's checkpoint", self.stepper, self.lanes, self.facts)
        seed = self.network.seed_generator.state
        seed.assign([seed.numpy()[0] + OTHER_MASKS * self.team.place.index, seed.numpy()[1]])
        return self.count

    def _save(self, must: bool = False) -> None:  # noqa: ARG002
        """Give the state of its lanes, and go on from what the chief keeps, whatever rounding has parted them by."""
        self.stepper.carried.whole()
        self._reload()

    def _keep_metrics(self) -> None:
        """Leave them to the chief."""

    def _step_done(self, count: Count, *_: object) -> None:
        self.count = count

    def _epoch_done(self, count: Count, *_: object) -> None:
        self.count = count

    def _keep_batch(self, batch: Windows) -> str:  # noqa: ARG002
        return "the chief keeps its share of the batch"

    def _ends(self, _: Ending) -> None:
        """Leave it to the chief to say so."""

    def _finish(self, _: Count, ending: Ending) -> None:
        """Bear a part in the last figures; the chief has the weights that were best, and hands them out."""
        self._take_best()
        self._last_figures({})
        self._say(f"{self._why(ending)}; the model is in the chief's run folder")

    def _take_best(self) -> Mapping[str, float]:
        stored = checkpoint.unpacked(self.team.from_chief(b""))
        checkpoint.assign(session.weight_variables(self.network), stored.arrays, "the chief's weights")
        return {}

    def _say(self, line: str) -> None:
        self.display.say(f"worker {self.team.place.index}: {line}")
