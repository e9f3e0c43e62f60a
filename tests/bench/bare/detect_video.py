"""Decode, find, draw, encode, one frame after the other, as anybody would write it.

python detect_video.py MODEL IN OUT PRESET CRF THREADS onnx|openvino|bf16
"""

import sys

import av
from detect_one import draw, found, network, prepared

model, source, target, preset, crf, threads, backend = sys.argv[1:]
run, names = network(model, backend)
with av.open(source) as reader, av.open(target, "w") as writer:
    video = reader.streams.video[0]
    video.thread_type = "AUTO"
    out = writer.add_stream("libx264", video.average_rate, {"preset": preset, "crf": crf})
    out.width, out.height, out.pix_fmt = video.width, video.height, "yuv420p"
    out.thread_count, out.thread_type = int(threads), "FRAME"
    for frame in reader.decode(video):
        image = frame.to_ndarray(format="bgr24")
        given, back = prepared(image)
        draw(image, found(run(given), back), names)
        drawn = av.VideoFrame.from_ndarray(image, "bgr24")
        drawn.pts, drawn.time_base = frame.pts, frame.time_base
        writer.mux(out.encode(drawn))
    writer.mux(out.encode(None))
