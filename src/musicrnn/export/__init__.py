"""From trained weights to one checked ONNX file."""
