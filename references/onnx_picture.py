"""Reference vector for crates/backbones/src/onnx.rs.

    pip install onnx==1.23.2 onnxruntime==1.31.1 safetensors numpy
    python references/onnx_picture.py crates/backbones/tests/fixtures

`picture.onnx` is a small network over pictures of 20x16 (width x height) with random weights, two
outputs (`places`, `feature`) and the pre-processing that `picture.toml` declares.
`picture-expected.safetensors` holds a picture `[16, 20, 3]` of bytes and the `feature` that
onnxruntime gives for it.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, save
from safetensors.numpy import save_file

MEAN, SCALE = [103.5, 116.25, 123.75], [0.0175, 0.0174, 0.0171]


def main(folder):
    place = Path(folder)
    random = np.random.default_rng(0)
    weights = {
        "w1": random.normal(0, 0.4, (6, 3, 3, 3)),
        "b1": random.normal(0, 0.2, 6),
        "w2": random.normal(0, 0.5, (6, 5)),
        "b2": random.normal(0, 0.2, 5),
    }
    weights = {name: weight.astype(np.float32) for name, weight in weights.items()}
    graph = helper.make_graph(
        [
            # Exporters write every attribute, so the defaults are written too.
            helper.make_node("Conv", ["input", "w1", "b1"], ["c1"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], dilations=[1, 1], group=1),
            helper.make_node("Relu", ["c1"], ["places"]),
            helper.make_node("GlobalMaxPool", ["places"], ["p1"]),
            helper.make_node("Flatten", ["p1"], ["f1"]),
            helper.make_node("Gemm", ["f1", "w2", "b2"], ["feature"]),
        ],
        "picture",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 16, 20])],
        [
            helper.make_tensor_value_info("places", TensorProto.FLOAT, [1, 6, 8, 10]),
            helper.make_tensor_value_info("feature", TensorProto.FLOAT, [1, 5]),
        ],
        [numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, str(place / "picture.onnx"))
    picture = random.integers(0, 256, (16, 20, 3), dtype=np.uint8)
    x = (picture[:, :, ::-1].astype(np.float32) - np.float32(MEAN)) * np.float32(SCALE)
    session = onnxruntime.InferenceSession(str(place / "picture.onnx"))
    (feature,) = session.run(["feature"], {"input": np.ascontiguousarray(x.transpose(2, 0, 1)[None])})
    save_file({"picture": picture, "feature": feature[0]}, place / "picture-expected.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
