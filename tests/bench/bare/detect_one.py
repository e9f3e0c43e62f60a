"""Find things in one picture with bare ONNX Runtime: python detect_one.py MODEL IN OUT.

Also what detect_video.py takes from here: a YOLOv8 network's input and its boxes.
"""

import ast
import sys

import cv2
import numpy as np

SIDE = 640


def prepared(image):
    """The letterboxed (1, 3, 640, 640), and how to come back: scale, left, top."""
    height, width = image.shape[:2]
    scale = min(SIDE / width, SIDE / height)
    inner = (round(width * scale), round(height * scale))
    left, top = (SIDE - inner[0]) // 2, (SIDE - inner[1]) // 2
    square = np.full((SIDE, SIDE, 3), 114, np.uint8)
    square[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner)
    return cv2.dnn.blobFromImage(square, 1 / 255, swapRB=True), (scale, left, top)


def found(table, back):
    """Boxes as x, y, width, height in the picture, classes and scores."""
    scale, left, top = back
    best = table[0, 4:].max(0)
    rows = np.flatnonzero(best > 0.25)
    classes = table[0, 4:, rows].argmax(1)
    centre, sides = table[0, :2, rows], table[0, 2:4, rows]
    boxes = np.hstack([(centre - sides / 2 - (left, top)) / scale, sides / scale])
    kept = cv2.dnn.NMSBoxesBatched(boxes, best[rows], classes, 0.25, 0.7)
    return boxes[kept], classes[kept], best[rows][kept]


def draw(image, objects, names):
    for (x, y, w, h), kind, score in zip(*objects, strict=True):
        corner = (round(x), round(y))
        cv2.rectangle(image, corner, (round(x + w), round(y + h)), (0, 200, 0), 2)
        text = f"{names[kind]} {score:.2f}"
        cv2.putText(image, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 200, 0), 1)


def network(path, backend="onnx"):
    """A function from the input to the table, and the labels."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = ast.literal_eval(session.get_modelmeta().custom_metadata_map["names"])
    if backend == "onnx":
        name = session.get_inputs()[0].name
        return lambda given: session.run(None, {name: given})[0], names
    import openvino

    hint = {"INFERENCE_PRECISION_HINT": "bf16" if backend == "bf16" else "f32"}
    compiled = openvino.Core().compile_model(path, "CPU", hint)
    request = compiled.create_infer_request()
    return lambda given: next(iter(request.infer([given]).values())), names


if __name__ == "__main__":
    model, source, target = sys.argv[1:]
    run, names = network(model)
    image = cv2.imread(source)
    given, back = prepared(image)
    draw(image, found(run(given), back), names)
    cv2.imwrite(target, image)
