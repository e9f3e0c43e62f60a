"""Read the frame stream: cvkit edges samples/cat.jpg -o - | python samples/read_stream.py"""

import sys

import numpy as np
import pyarrow as pa

reader = pa.ipc.open_stream(sys.stdin.buffer)
for batch in reader:
    for row in batch.to_pylist():
        for value in row["values"]:
            if value["storage"] == "plain" or value["kind"] == "mask":
                pixels = np.frombuffer(value["data"], value["dtype"]).reshape(value["shape"])
                name = row["name"].decode()
                print(name, row["index"], value["kind"], pixels.shape, pixels.mean())
