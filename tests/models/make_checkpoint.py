"""Makes a checkpoint of an architecture of ultralytics, and says what ultralytics finds with it.

Usage, in an environment with ultralytics:

    python tests/models/make_checkpoint.py NAME OUT.pt PICTURE [IMGSZ [WEIGHTS.onnx]]

NAME is one of ultralytics' own architectures (`yolov8n`, `yolo26n-seg`, `rtdetr-l`), with the
weights of an ONNX file that was exported from it, else random ones. Of those the statistics of the
layers are those of PICTURE, and the heads are loud: a network straight from its initialisation
gives every place one box and one score of 0.00001, in which no mistake of a reader would show.

OUT.json gets the boxes that ultralytics' own `predict` finds with OUT.pt in PICTURE at IMGSZ,
above a score of 0.1.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false"}
os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.mkdtemp())

import cv2
import numpy as np
import torch
from torch import nn
from ultralytics import RTDETR, YOLO
from ultralytics.data.augment import LetterBox
from ultralytics.nn.modules.head import RTDETRDecoder


def seen(picture: Path, side: int, *, stretched: bool) -> torch.Tensor:
    """(3, 3, h, w) float32 RGB 0–1: the picture as `predict` gives it in, and mirrored twice."""
    photograph = cv2.imread(str(picture))
    assert photograph is not None
    fit = LetterBox((side, side), auto=not stretched, scale_fill=stretched, stride=32)
    whole = fit(image=photograph)[..., ::-1]
    views = [whole, whole[:, ::-1], whole[::-1]]
    return torch.from_numpy(np.stack(views).transpose(0, 3, 1, 2).copy()).float() / 255


def settle(network: nn.Module, batch: torch.Tensor) -> None:
    """Give every batch normalisation the statistics that it sees on `batch`."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    network(batch)
    for norm in norms:
        norm.momentum = 0.03
        norm.eval()


def loud(network: nn.Module, batch: torch.Tensor) -> None:
    """Scores that spread over 0–1 on `batch`, few of them above 0.25, and boxes of many sizes."""
    head = network.model[-1]
    if isinstance(head, RTDETRDecoder):
        spread(network, list(head.dec_score_head), batch)
        return
    for name in ("cv2", "one2one_cv2"):
        for branch in getattr(head, name, None) or ():
            # Of the distances to a box's sides the short ones are likelier; one number (of
            # networks without a distribution) has to stay positive.
            bins = torch.arange(head.reg_max) * -0.5 if head.reg_max > 1 else torch.tensor([3.0])
            branch[-1].bias.copy_(bins.repeat(4))
    for name in ("cv3", "one2one_cv3"):
        branches = getattr(head, name, None) or ()
        spread(network, [branch[-1] for branch in branches], batch)


def spread(network: nn.Module, layers: list[nn.Module], batch: torch.Tensor) -> None:
    """Shift and scale what these last layers give on `batch`, so that one in a hundred comes to
    a score of 0.25 and the best to 0.9; one after the other, as a later may hang on an earlier."""
    for layer in layers:
        given: list[torch.Tensor] = []
        hook = layer.register_forward_hook(lambda *told, given=given: given.append(told[2]))
        network(batch)
        hook.remove()
        if given:  # in evaluation RT-DETR asks only the last of its heads
            levels = np.sort(given[0].numpy().ravel())
            low, high = levels[-1 - len(levels) // 100], levels[-1]
            factor = float(3.3 / max(high - low, 1e-6))
            layer.weight.mul_(factor)
            layer.bias.copy_((layer.bias - float(low)) * factor - 1.1)


def given(network: nn.Module, weights: Path) -> nn.Module:
    """The network with the convolutions of an ONNX file, whose normalisations are fused already."""
    import onnx

    file = onnx.load(weights)
    numbers = {one.name: onnx.numpy_helper.to_array(one) for one in file.graph.initializer}
    known = {name: torch.from_numpy(array.copy()) for name, array in numbers.items()}
    network = network.fuse(verbose=False)
    own = network.state_dict()
    missing = [k for k in own if k not in known and "dfl" not in k]
    assert not missing, missing
    network.load_state_dict({k: known.get(k, v).reshape(v.shape) for k, v in own.items()})
    told = {entry.key: entry.value for entry in file.metadata_props}
    network.names = ast.literal_eval(told["names"])
    return network


def main(name: str, out: str, picture: str, side: str = "160", weights: str = "") -> None:
    torch.manual_seed(0)
    torch.set_num_threads(2)
    make = RTDETR if name.startswith("rtdetr") else YOLO
    model = make(f"{name}.yaml")
    network = model.model.eval()
    with torch.no_grad():
        if weights:
            model.model = given(network, Path(weights))
        else:
            batch = seen(Path(picture), int(side), stretched=make is RTDETR)
            settle(network, batch)
            if model.task == "detect":
                loud(network, batch)
    # Of a file yolov5n.pt it would fetch its own yolov5nu.pt instead.
    neutral = Path(out).with_name("made-here.pt")
    model.save(neutral)
    how = {"imgsz": int(side), "conf": 0.1, "device": "cpu", "verbose": False}
    (found,) = make(neutral).predict(picture, **how)
    neutral.rename(out)
    if model.task == "detect":
        Path(out).with_suffix(".json").write_text(json.dumps(found.boxes.data.tolist()))


if __name__ == "__main__":
    main(*sys.argv[1:])
