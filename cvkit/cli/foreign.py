"""Spellings that people bring from other tools, answered with cvkit's."""

from __future__ import annotations

import re

_OPTIONS = {
    "conf": "--score",
    "conf_thres": "--score",
    "conf_thresh": "--score",
    "conf_threshold": "--score",
    "confidence": "--score",
    "score_threshold": "--score",
    "iou_thres": "--iou",
    "iou_threshold": "--iou",
    "nms": "--iou",
    "nms_threshold": "--iou",
    "max_det": "--max-objects",
    "weights": "--model",
    "source": "INPUT, a word without an option",
    "input": "INPUT, a word without an option",
    "i": "INPUT, a word without an option",
    "in": "INPUT, a word without an option",
    "imgsz": "no option: a network's own size is taken; for a smaller picture, resize --to 640x",
    "img_size": "no option: a network's own size is taken; for a smaller picture, resize --to 640x",
    "out": "-o",
    "output": "-o",
    "outfile": "-o",
    "project": "-o FOLDER/",
    "save_txt": "-o boxes.jsonl, or -o boxes.csv",
    "save_json": "-o boxes.jsonl",
    "save_crop": "then crops -o FOLDER/",
    "thresh": "--level",
    "thres": "--level",
    "threshold1": "--low",
    "threshold2": "--high",
    "ksize": "--size",
    "kernel_size": "--size",
    "kernel": "--size",
    "block_size": "--block",
    "dst_size": "--to",
    "dsize": "--to",
    "interp": "--interpolation",
    "workers": "--jobs",
    "num_workers": "--jobs",
    "threads": "--jobs",
    "force": "--overwrite",
    "y": "--overwrite",
    "yes": "--overwrite",
    "recursive": "nothing: folders are always read with all below them",
    "gpu": "--device cuda",
    "cpu": "--device cpu",
    "vcodec": "--codec",
    "an": "--no-audio",
    "r": "--fps",
    "help_all": "--help",
}
"""Long options of YOLO's scripts, of OpenCV's functions and of FFmpeg, by their name with `_`."""

_MAGICK = {
    "threshold": "threshold INPUT --method binary --level {0}",
    "resize": "resize INPUT --to {0}",
    "geometry": "resize INPUT --to {0}",
    "crop": "crop INPUT --box 10,20,300,200",
    "blur": "blur INPUT",
    "gaussian-blur": "blur INPUT --method gaussian",
    "median": "blur INPUT --method median",
    "canny": "edges INPUT --method canny",
    "edge": "edges INPUT",
    "colorspace": "colorspace INPUT --to {0}",
    "depth": "bit-depth INPUT --to {0}",
    "morphology": "morph INPUT --op {0}",
    "separate": "channels INPUT --op split",
    "combine": "channels INPUT --op merge --second FILE --third FILE",
    "monochrome": "threshold INPUT",
    "flip": "flip INPUT --direction vertical",
    "flop": "flip INPUT --direction horizontal",
    "negate": "bitwise INPUT --op not",
    "quality": "convert INPUT --quality {0}",
    "auto-threshold": "threshold INPUT --method otsu",
}
"""Options of ImageMagick (one dash, a word) by the command that does the same."""

_PREFIXES = (
    "adaptive_thresh_",
    "thresh_",
    "inter_",
    "retr_",
    "chain_approx_",
    "border_",
    "morph_",
    "color_",
)


def option(word: str, value: str, known: set[str]) -> str:
    """What to write instead of `word`, an option unknown here; empty where nobody knows it.

    `known` holds the options that the stage and the run have, with `_`; an answer that names
    another option would only lead to the next error.
    """
    name = word.lstrip("-").replace("-", "_").lower()
    answer = _OPTIONS.get(name, "")
    if answer.startswith("--"):
        target = answer[2:].split()[0].replace("-", "_")
        answer = answer if target in known else ""
    if answer:
        return f"cvkit writes it {answer}"
    return magick(word, value) if not word.startswith("--") else ""


def magick(word: str, value: str) -> str:
    """The command for an option with one dash (`-threshold`), or nothing."""
    command = _MAGICK.get(word.lstrip("-").lower(), "")
    if not command:
        return ""
    value = value.lower() if value.isalpha() else value  # Gray, Erode
    return f"cvkit writes it: cvkit {command.format(value or 'VALUE')}"


def constant(text: str, choices: tuple[str, ...]) -> str:
    """The choice that a constant of OpenCV (`cv2.THRESH_OTSU`) stands for, or nothing."""
    bare = text.rpartition(".")[2].lower()
    if text in choices:
        return ""
    for prefix in ("", *_PREFIXES):
        if bare.startswith(prefix):
            rest = bare.removeprefix(prefix).replace("_", "-")
            whole = bare.replace("thresh_", "").removesuffix("_c").replace("_", "-")
            for spelling in (rest, whole):
                if spelling in choices and spelling != text:
                    return spelling
    return ""


def command(word: str) -> str:
    """What to run for a word that is no stage: a constant or function of OpenCV, or nothing."""
    bare = word.rpartition(".")[2].lower()
    if bare in ("color_bgr2gray", "color_rgb2gray", "grayscale", "greyscale", "grey"):
        return "gray"
    if bare.startswith(("thresh_", "adaptive_thresh_")):
        name = bare.replace("adaptive_thresh_", "adaptive_").replace("thresh_", "")
        name = name.replace("_c", "") if name.startswith("adaptive") else name
        return f"threshold --method {name.replace('_', '-')}"
    if conversion := re.fullmatch(r"color_(rgb|bgr)2([a-z]+)", bare):
        return f"colorspace --to {conversion[2]}"
    names = {
        **{op: f"morph --op {op}" for op in ("erode", "dilate", "skeleton", "thin", "tophat")},
        "erosion": "morph --op erode",
        "dilation": "morph --op dilate",
        "opening": "morph --op open",
        "closing": "morph --op close",
        "morphologyex": "morph",
        "skeletonize": "morph --op skeleton",
        "thinning": "morph --op thin",
        "binary_fill_holes": "morph --op fill-holes",
        "remove_small_objects": "morph --op remove-small",
        "scharr": "edges --method scharr",
        "niblackthreshold": "threshold --method niblack",
        "split": "channels --op split",
        "merge": "channels --op merge",
        "canny": "edges --method canny",
        "sobel": "edges --method sobel",
        "laplacian": "edges --method laplacian",
        "otsu": "threshold --method otsu",
        "gaussianblur": "blur --method gaussian",
        "medianblur": "blur --method median",
        "bilateralfilter": "blur --method bilateral",
        "findcontours": "contours",
        "cvtcolor": "colorspace",
        "predict": "detect --model FILE",
        "yolo": "detect --model FILE",
    }
    return names.get(bare, "")
