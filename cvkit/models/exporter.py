"""The side of an export that needs ultralytics: run as a program of its own, which takes torch, its
memory and its chatter along when it ends.

    python exporter.py CHECKPOINT.pt

makes CHECKPOINT.onnx beside it, with batch and size free. It imports nothing of cvkit, so that it
runs wherever the interpreter finds ultralytics. The last line that it prints is an object: what
went wrong and the versions that took part.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

OPSET = 17
"""Of ONNX. RT-DETR needs 16; OpenCV, OpenVINO and every ONNX Runtime since 2022 read 17."""


def quietly(folder: Path) -> None:
    """What ultralytics must be told before it is imported: to install and to fetch nothing, and to
    keep its settings in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "YOLO_AUTOINSTALL": "false",
        "YOLO_OFFLINE": "true",
        "YOLO_VERBOSE": "false",
        "YOLO_CONFIG_DIR": str(folder),
        "MPLCONFIGDIR": str(folder),
    }


def alone() -> None:
    """From now on this process opens no connection, whatever its packages try."""

    def refuse(event: str, _: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
            raise OSError("an export fetches nothing")

    sys.addaudithook(refuse)


def onnx_of(checkpoint: Path) -> dict[str, str]:
    """Write the network beside the checkpoint; gives the versions that made it.

    v10 and 26 are exported as ultralytics does unless told otherwise: with the head that has one
    row of scores an anchor, as v8 has.
    """
    import onnx
    import torch
    import ultralytics

    model = ultralytics.YOLO(str(checkpoint), task="detect")
    head = type(model.model.model[-1]).__name__
    made = model.export(
        format="onnx", dynamic=True, simplify=True, opset=OPSET, device="cpu", verbose=False
    )
    network = onnx.load(made)
    if all(entry.key != "head" for entry in network.metadata_props):  # an older ultralytics
        network.metadata_props.add(key="head", value=head)
        onnx.save(network, made)
    return {"ultralytics": ultralytics.__version__, "torch": torch.__version__}


def module_of(checkpoint: Path) -> tuple[torch.nn.Module, dict[str, str]]:
    """The network itself, in float32 and for running, with the metadata that its ONNX file has."""
    import ultralytics

    model: Any = ultralytics.YOLO(str(checkpoint), task="detect")
    network = model.model.fuse(verbose=False).float().eval()
    for parameter in network.parameters():
        parameter.requires_grad_(requires_grad=False)
    head = network.model[-1]
    if hasattr(network, "end2end"):
        network.end2end = False
    head.export = head.dynamic = True
    head.format = "onnx"
    side = model.overrides.get("imgsz", 640)
    told = {
        "task": network.task,
        "head": type(head).__name__,
        "names": network.names,
        "stride": int(max(network.stride)),
        "imgsz": [side, side] if isinstance(side, int) else side,
        "end2end": False,
        "args": {"dynamic": True},
    }
    return network, {key: str(value) for key, value in told.items()}


def _main(checkpoint: str) -> None:
    path = Path(checkpoint)
    quietly(path.parent / "settings")
    alone()
    try:
        told = onnx_of(path)
    except ImportError as error:
        told = {"missing": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked has to know
        told = {"failed": f"{type(error).__name__}: {error}"}
    print("\n" + json.dumps(told), flush=True)  # noqa: T201 - the answer
    # Threads of its own are of no more use, and one that hangs would keep the export waiting.
    os._exit(0)


if __name__ == "__main__":
    _main(sys.argv[1])
