"""The setup of a scan: what is opened once and used by all its stages."""

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crackscan import __version__
from crackscan.edge.capture import Source
from crackscan.edge.detection.finding import Rule
from crackscan.edge.device.sd_notify import ServiceNotifier
from crackscan.edge.inference.model import Model
from crackscan.edge.measurement.scale import ScaleEstimator, ScaleSettings
from crackscan.edge.positioning import PositionSource
from crackscan.edge.positioning.clock import Clock
from crackscan.edge.positioning.source import NoPosition
from crackscan.edge.settings import Settings
from crackscan.edge.web.live.hub import Hub


@dataclass(frozen=True)
class Setup:
    """The model with its thresholds, the settings, and who is to be informed."""

    model: Model
    rule: Rule
    settings: Settings = field(default_factory=Settings)
    position: PositionSource = field(default_factory=lambda: NoPosition("none"))
    clock: Clock = field(default_factory=Clock)
    scale: ScaleSettings = field(default_factory=ScaleSettings)
    hub: Hub | None = None
    """Connects the scan with its viewers; None without viewers."""
    notify: ServiceNotifier = field(default_factory=ServiceNotifier)

    def make_frame_estimator(self) -> ScaleEstimator:
        """An estimator that is fast enough for every frame: without the printed target."""
        return ScaleEstimator.from_settings(replace(self.scale, target=False))

    def wants_annotation(self, source: Source) -> bool:
        """Whether annotated pictures or an annotated video are made."""
        wanted = self.settings.annotate
        return wanted == "yes" or (wanted == "auto" and not (source.live and _is_moving(source)))

    def describe_scan(self, source: Source) -> dict[str, Any]:
        """What is needed to repeat the scan, for `scan.json` and the record."""
        card, point = self.model.card, self.settings.operating_point
        scale = {name: value for name, value in asdict(self.scale).items() if value}
        return {
            "crackscan": __version__,
            "source": source.name,
            "model": card.name,
            "model_version": card.version,
            "operating_point": point,
            "patch_threshold": card.operating_point(point).patch,
            "cell_threshold": card.operating_point(point).cell,
            "cell_px": card.cell_px,
            "started_wall_s": round(time.time(), 3),
            "position": self.position.name,
            "size_budget_mb": self.settings.size_budget_mb,
            "reserve_mb": self.settings.reserve_mb,
            **({"scale": scale} if scale else {}),
            **({} if source.folder is None else {"folder": str(source.folder.resolve())}),
        }


def _is_moving(source: Source) -> bool:
    return source.kind != "pictures"
