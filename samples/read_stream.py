"""Read the frame stream: cvkit detect v.mp4 -o - | python samples/read_stream.py"""

import json
import sys

import numpy as np
import pyarrow as pa

for batch in pa.ipc.open_stream(sys.stdin.buffer):
    for row in batch.to_pylist():
        for value in row["values"]:
            if value["data"] is not None:  # a picture: rows of pixels, or a video's planes in one
                array = np.frombuffer(value["data"], value["dtype"]).reshape(value["shape"])
            else:  # columns: the first array of objects is their boxes, (n, 4)
                tree = json.loads(value["extra"])["map"]
                array = np.zeros(next((v["array"][1] for _, v in tree if "array" in v), 0))
            seconds = row["pts"] * row["num"] / row["den"]
            print(row["name"].decode(), row["index"], f"{seconds:.3f}", value["kind"], array.shape)
