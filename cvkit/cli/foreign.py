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
    "max_det": "--max",
    "max_detections": "--max",
    "max_objects": "--max",
    "agnostic_nms": "--agnostic",
    "class_agnostic": "--agnostic",
    "class": "--classes",
    "slice_size": "--tile",
    "slice_width": "--tile",
    "slice_height": "--tile",
    "tile_size": "--tile",
    "sahi": "--tile 640",
    "overlap_ratio": "--overlap",
    "overlap_width_ratio": "--overlap",
    "overlap_height_ratio": "--overlap",
    "scalefactor": "--scale-factor",
    "minneighbors": "--min-neighbors",
    "minsize": "--min-size",
    "weights": "--model",
    "source": "INPUT, a word without an option",
    "input": "INPUT, a word without an option",
    "i": "INPUT, a word without an option",
    "in": "INPUT, a word without an option",
    "img": "--imgsz",
    "img_size": "--imgsz",
    "input_size": "--imgsz",
    "out": "-o",
    "output": "-o",
    "outfile": "-o",
    "project": "-o FOLDER/",
    "save_txt": "-o boxes.jsonl, .csv or .parquet",
    "save_json": "-o boxes.jsonl",
    "save_crop": "then crops -o FOLDER/",
    "smooth": "then smooth",
    "show_fps": "--profile",
    "benchmark": "--profile",
    "thresh": "--level",
    "thres": "--level",
    "threshold1": "--low",
    "threshold2": "--high",
    "ksize": "--size; --aperture",
    "kernel_size": "--size; --aperture",
    "center": "--about",
    "fx": "--to 50%",
    "fy": "--to 50%",
    "type": "--method; --op",
    "value": "--level",
    "iter": "--iterations",
    "hull": "--shape hull",
    "convex_hull": "--shape hull",
    "bbox": "--shape box",
    "min_area_rect": "--shape min-rect",
    "approx_poly": "--shape approx --epsilon 1",
    "hu": "--moments",
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
    "size": "--to",
    "width": "--to {0}x",
    "height": "--to x{0}",
    "alpha": "--opacity",
    "thickness": "--line",
    "aperture_size": "--aperture",
    "sigma_x": "--sigma",
    "sigmax": "--sigma",
    "degrees": "--angle",
    "position": "--at",
    "gravity": "--at",
    "density": "--dpi",
    "b:v": "--bitrate",
    "c:v": "--codec",
    "crf": "--crf",
    "preset": "--preset",
    "recursive": "nothing: folders are always read with all below them",
    "gpu": "--device cuda",
    "cpu": "--device cpu",
    "vcodec": "--codec",
    "an": "--no-audio",
    "r": "--fps",
    "ss": "--frames 2s:",
    "t": "--duration 5s",
    "help_all": "--help",
}
"""Long options of YOLO's scripts, of OpenCV's functions and of FFmpeg, by their name with `_`."""

_MAGICK = {
    "threshold": "threshold INPUT --method binary --level {0}",
    "resize": "resize INPUT --to {size}",
    "scale": "resize INPUT --to {size}",
    "geometry": "resize INPUT --to {size}",
    "thumbnail": "resize INPUT --to {size} --no-upscale",
    "extent": "resize INPUT --to {size} --fit pad",
    "crop": "crop INPUT --box {box}",
    "rotate": "rotate INPUT --angle {clockwise}",
    "transpose": "rotate INPUT --angle 90",
    "blur": "blur INPUT",
    "gaussian-blur": "blur INPUT --method gaussian",
    "median": "blur INPUT --method median",
    "canny": "edges INPUT --method canny",
    "edge": "edges INPUT",
    "colorspace": "colorspace INPUT --to {0}",
    "grayscale": "gray INPUT",
    "depth": "bit-depth INPUT --to {0}",
    "normalize": "bit-depth INPUT --stretch",
    "contrast-stretch": "bit-depth INPUT --stretch",
    "morphology": "morph INPUT --op {0}",
    "separate": "channels INPUT --op split",
    "combine": "channels INPUT --op merge --second FILE --third FILE",
    "monochrome": "threshold INPUT",
    "flip": "flip INPUT --direction vertical",
    "flop": "flip INPUT --direction horizontal",
    "negate": "bitwise INPUT --op not",
    "composite": "overlay INPUT LOGO",
    "watermark": "overlay INPUT LOGO --opacity 0.3",
    "annotate": "text INPUT --text WORDS",
    "label": "text INPUT --text WORDS",
    "draw": "draw-shape INPUT --shape rectangle",
    "tile": "montage INPUT --columns 4",
    "quality": "convert INPUT --quality {0}",
    "auto-threshold": "threshold INPUT --method otsu",
    "colors": "dominant-colors INPUT",
}
"""Options of ImageMagick (one dash, a word) by the command that does the same."""

_FILTERS = {
    "scale": "resize INPUT --to {scale}",
    "crop": "crop INPUT --box {window}",
    "transpose": "rotate INPUT --angle {quarter}",
    "rotate": "rotate INPUT --angle -30",
    "hflip": "flip INPUT --direction horizontal",
    "vflip": "flip INPUT --direction vertical",
    "format": "gray INPUT",
    "gblur": "blur INPUT",
    "boxblur": "blur INPUT --method box",
    "edgedetect": "edges INPUT",
    "negate": "bitwise INPUT --op not",
    "drawtext": "text INPUT --text WORDS",
    "drawbox": "draw-shape INPUT --shape rectangle",
    "overlay": "overlay INPUT LOGO",
    "fps": "convert INPUT --fps {0}",
}
"""Filters of FFmpeg (`-vf scale=640:-1`) by the command that does the same."""

_FUNCTIONS = {
    "threshold": "otsu li yen isodata minimum mean triangle niblack sauvola",
    "edges": "sobel scharr prewitt roberts laplace",
}
"""Names that scikit-image has as functions (`threshold_li`, `filters.sobel`), by our stage."""

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
        fits = (a for a in answer.split("; ") if a[2:].split()[0].replace("-", "_") in known)
        answer = next(fits, "")
    if answer:
        return f"cvkit writes it {answer.format(value or 640)}"
    return magick(word, value) if not word.startswith("--") else ""


def magick(word: str, value: str) -> str:
    """The command for an option with one dash (`-threshold`, `-vf`), or nothing."""
    name = word.lstrip("-").lower()
    if name in ("vf", "filter:v"):
        name, _, value = value.partition(",")[0].partition("=")
        command = _FILTERS.get(name, "")
    else:
        command = _MAGICK.get(name, "")
    if not command:
        return ""
    value = value.lower() if value.isalpha() else value  # Gray, Erode
    return f"cvkit writes it: cvkit {command.format(value or 'VALUE', **_measures(value))}"


def _measures(value: str) -> dict[str, str]:
    """The value as cvkit writes sizes, boxes and angles; what it is not gets an example."""
    size = re.fullmatch(r"(\d*x?\d*%?)([!^<>]?)", value)
    fit = {"!": " --fit stretch", "^": " --fit cover", ">": " --no-upscale"}
    box = re.fullmatch(r"(\d+)x(\d+)\+(\d+)\+(\d+)", value)
    window = value.split(":")
    whole = len(window) == 4 and all(part.isdigit() for part in window)
    sides = ["" if part.startswith("-") else part for part in window[:2]]
    plain = len(sides) == 2 and all(part.isdigit() or not part for part in sides) and any(sides)
    angle = re.fullmatch(r"-?\d+(\.\d+)?", value)
    turned = value.removeprefix("-") if value.startswith("-") else f"-{value}"
    return {
        "size": size[1] + fit.get(size[2], "") if size and size[1] not in ("", "x") else "640x480",
        "box": f"{box[3]},{box[4]},{box[1]},{box[2]}" if box else "10,20,300,200",
        "window": ",".join(window[2:] + window[:2]) if whole else "10,20,300,200",
        "scale": "x".join(sides) if plain else "640x",
        "clockwise": turned if angle else "-30",
        "quarter": {"1": "-90", "2": "90", "clock": "-90", "cclock": "90"}.get(value, "90"),
    }


def constant(text: str, choices: tuple[str, ...]) -> str:
    """The choice that a constant of OpenCV (`cv2.THRESH_OTSU`) stands for, or nothing."""
    bare = text.rpartition(".")[2].lower()
    if text in choices:
        return ""
    bare = re.sub("^color_(rgb|bgr)2", "", _SPELT.get(bare, bare))
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
    if conversion := re.fullmatch(r"(?:color_)?(rgb|bgr)2([a-z]+)", bare):
        return "gray" if conversion[2] == "gray" else f"colorspace --to {conversion[2]}"
    for prefix, answer in _CONSTANTS.items():
        if bare.startswith(prefix):
            if bare == prefix:
                return answer
            return f"{answer} {_SPELT.get(bare, bare).removeprefix(prefix).replace('_', '-')}"
    for stage, methods in _FUNCTIONS.items():
        name = bare.removeprefix("threshold_") if stage == "threshold" else bare
        if name in methods.split() and bare != "mean":
            return f"{stage} --method {name.replace('laplace', 'laplacian')}"
    return _NAMES.get(bare, "")


_SPELT = {
    "inter_lanczos4": "inter_lanczos",
    "bicubic": "cubic",
    "bilinear": "linear",
    "lanczos4": "lanczos",
    "uint8": "8",
    "uint16": "16",
    "float32": "float",
    "8bit": "8",
    "16bit": "16",
    "cielab": "lab",
    "hsl": "hls",
    "morph_hitmiss": "morph_hit-or-miss",
}
_CONSTANTS = {
    **{f"morph_{shape}": f"morph --shape {shape}" for shape in ("ellipse", "rect", "cross")},
    "inter_": "resize --interpolation",
    "retr_": "contours --mode",
    "chain_approx_": "contours --approximation",
    "morph_": "morph --op",
}
_NAMES = {
    **{op: f"morph --op {op}" for op in ("erode", "dilate", "skeleton", "thin", "tophat")},
    "moments": "contours --moments",
    "pixel": "info --pixel X,Y",
    "dump": "convert -o numbers.npy",
    "pyrdown": "resize --to 50%",
    "pyrup": "resize --to 200%",
    "erosion": "morph --op erode",
    "dilation": "morph --op dilate",
    "opening": "morph --op open",
    "closing": "morph --op close",
    "binary_opening": "morph --op open",
    "binary_closing": "morph --op close",
    "morphologyex": "morph",
    "getstructuringelement": "morph --shape ellipse",
    "skeletonize": "morph --op skeleton",
    "thinning": "morph --op thin",
    "binary_fill_holes": "morph --op fill-holes",
    "remove_small_objects": "morph --op remove-small",
    "niblackthreshold": "threshold --method niblack",
    "threshold_local": "threshold --method adaptive-gaussian",
    "threshold_multiotsu": "threshold --method multi-otsu",
    "adaptivethreshold": "threshold --method adaptive-mean",
    "split": "channels --op split",
    "merge": "channels --op merge",
    "canny": "edges --method canny",
    "laplacian": "edges --method laplacian",
    "gaussianblur": "blur --method gaussian",
    "medianblur": "blur --method median",
    "bilateralfilter": "blur --method bilateral",
    "findcontours": "contours",
    "convexhull": "contours --shape hull",
    "minarearect": "contours --shape min-rect",
    "minenclosingcircle": "contours --shape circle",
    "fitellipse": "contours --shape ellipse",
    "approxpolydp": "contours --shape approx",
    "humoments": "contours --moments",
    "regionprops": "contours",
    "cvtcolor": "colorspace",
    "kmeans": "dominant-colors",
    "img_as_float": "bit-depth --to float",
    "img_as_ubyte": "bit-depth --to 8",
    "img_as_uint": "bit-depth --to 16",
    "warpaffine": "rotate",
    "rescale": "resize",
    "thumbnail": "resize",
    "transpose": "rotate --angle 90",
    "hflip": "flip --direction horizontal",
    "vflip": "flip --direction vertical",
    "flop": "flip --direction horizontal",
    "puttext": "text",
    "annotate": "text",
    **{shape: f"draw-shape --shape {shape}" for shape in ("line", "arrow", "circle", "ellipse")},
    **{shape: f"draw-shape --shape {shape}" for shape in ("rectangle", "polygon")},
    "arrowedline": "draw-shape --shape arrow",
    "polylines": "draw-shape --shape polygon",
    "fillpoly": "draw-shape --shape polygon --filled",
    "addweighted": "overlay --opacity 0.5",
    "composite": "overlay",
    "watermark": "overlay",
    **dict.fromkeys(("hconcat", "vconcat", "hstack", "vstack", "collage"), "montage"),
    **{f"bitwise_{op}": f"bitwise --op {op}" for op in ("and", "or", "xor", "not")},
    **dict.fromkeys(("invert", "negate"), "bitwise --op not"),
    "createbackgroundsubtractormog2": "background --method mog2",
    "createbackgroundsubtractorknn": "background --method knn",
    "cascadeclassifier": "detect --model haar-face",
    "pixelate": "redact --method pixelate",
    "anonymize": "redact",
    "predict": "detect --model FILE",
    "yolo": "detect --model FILE",
    **dict.fromkeys(("dataset", "coco2yolo", "voc2yolo"), "convert coco:FILE -o yolo:FOLDER"),
    "identify": "info",
    **dict.fromkeys(("eval", "val", "cocoeval", "map"), "evaluate FOUND --truth TRUTH"),
    "exiftool": "info --exif",
    "ffprobe": "info",
    "imshow": "show",
    "display": "show",
    "mogrify": "STAGE FOLDER --in-place",
    "ffmpeg": "convert VIDEO -o FILE",
    "magick": "STAGE INPUT",
    "imwrite": "convert INPUT -o FILE",
}
"""Functions and programs that people know, by what cvkit writes instead."""
