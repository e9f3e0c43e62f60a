"""Puts a stand-in for torchvision into the environment of the Python that runs this.

ultralytics will not start without torchvision, of which it takes one function, that it also has
itself. Where PyTorch is a build that no wheel of torchvision was made for, this serves the tests.
cvkit's own extra never uses it.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

VERSION = "0.28.0"
MODULE = f'''"""Stands in for torchvision in cvkit's tests."""
__version__ = "{VERSION}"
class ops:
    @staticmethod
    def nms(boxes, scores, iou_threshold):
        from ultralytics.utils.nms import TorchNMS
        return TorchNMS.nms(boxes, scores, iou_threshold)
'''


def install(site: Path) -> None:
    module, told = site / "torchvision", site / f"torchvision-{VERSION}.dist-info"
    module.mkdir(exist_ok=True)
    told.mkdir(exist_ok=True)
    (module / "__init__.py").write_text(MODULE)
    metadata = f"Metadata-Version: 2.1\nName: torchvision\nVersion: {VERSION}\n"
    (told / "METADATA").write_text(metadata)
    (told / "RECORD").write_text("")
    (told / "INSTALLER").write_text("stand-in\n")


if __name__ == "__main__":
    install(Path(sysconfig.get_paths()["purelib"]))
