"""Everything that scans pictures side by side with crackscan, one small program each."""

NAMES = (
    "crackscan_frame",
    "crackscan_patch",
    "mobilenet_litert",
    "mobilenet_tflite_runtime",
    "notebook_float",
    "notebook_int8",
    "onnxruntime_int8",
    "onnxruntime_float",
    "opencv_int8",
    "opencv_float",
    "ncnn_float",
    "ncnn_half",
    "crackpot",
    "ultralytics",
)
"""Modules of this package, ours first: the others are compared with it."""
OURS = NAMES[0]
