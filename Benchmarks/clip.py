#!/usr/bin/env python3
"""Times CLIP's towers at full size, on seeded random weights: fsac beside ONNX Runtime for the image tower, outputs first.

    clip.py --fsacctl .build/release/fsacctl --cache .cache/clip [--rounds 5] [--runs 30] [--threads 2]

Embedding of a picture: fsac and ONNX Runtime take turns as in compare.py. Of fsac alone: the gradient of a score by the picture
(eq. 17 of CLIP-FSAC++), the windows of WinCLIP, the text embeddings of the whole prompt ensemble, and the most memory that the
process ever had.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnxruntime
from safetensors.numpy import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import clip_weights
import compare
import graphs

NAME = "ViT-B-16-plus-240"
TOLERANCE = 1e-4
# What is asked for: image embedding over ONNX Runtime's, gradient over embedding, seconds of text, GiB.
REQUIRED = {"embed_ratio": 1.0, "gradient_ratio": 3.5, "text_s": 60.0, "peak_gib": 1.2}


def fsacctl(options, command, folder, *arguments):
    words = [options.fsacctl, command, "--backbone", folder, "--threads", options.threads, *arguments]
    finished = subprocess.run(
        [str(word) for word in words], check=True, env=compare.ENVIRONMENT, stdout=subprocess.PIPE
    )
    return finished.stdout


def session(options, graph):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])


def parity(options, folder, config):
    """The largest difference of any output, over that output's mean magnitude."""
    vision = config["vision_cfg"]
    image = numpy.random.default_rng(3).standard_normal((3, vision["image_size"], vision["image_size"]), numpy.float32)
    with tempfile.TemporaryDirectory() as place:
        source, target = f"{place}/input.safetensors", f"{place}/output.safetensors"
        save_file({"input": image}, source)
        layers = ",".join(str(layer) for layer in range(1, vision["layers"] + 1))
        fsacctl(options, "embed", folder, "--input-tensor", source, "--layers", layers, "--output", target)
        ours = load_file(target)
    runner = session(options, graphs.build_clip(folder, config, layers=True))
    names = [output.name for output in runner.get_outputs()]
    return max(
        float(numpy.abs(ours[name].reshape(-1) - value.reshape(-1)).max() / numpy.abs(value).mean())
        for name, value in zip(names, runner.run(names, {"input": image[None]}))
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fsacctl", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    folder, config = clip_weights.folder(NAME, options.cache), clip_weights.configuration(NAME)
    size = config["vision_cfg"]["image_size"]
    difference = parity(options, folder, config)
    print(f"\n{NAME}, random weights: largest difference {difference:.1e} of the mean magnitude", flush=True)
    runner = session(options, graphs.build_clip(folder, config, layers=False))
    reports, reference = [], []
    for _ in range(options.rounds):
        reports.append(json.loads(fsacctl(options, "bench", folder, "--towers", "--runs", options.runs, "--json")))
        reference.append(compare.time_reference(runner, size, options.runs))
    stages = {name: [report["stages_ms"][name]["p50"] for report in reports] for name in reports[0]["stages_ms"]}
    embed, gradient = min(stages["embed"]), min(stages["gradient"])
    figures = {
        "embed_ratio": numpy.median(stages["embed"]) / numpy.median(reference),
        "gradient_ratio": numpy.median(stages["gradient"]) / numpy.median(stages["embed"]),
        "text_s": max(report["text_s"] for report in reports),
        "peak_gib": max(report["peak_bytes"] for report in reports) / 2**30,
    }
    print(f"{options.threads} threads, fp32, {options.rounds} rounds of {options.runs}; ONNX Runtime {onnxruntime.__version__}")
    print(f"  image embedding   {numpy.median(stages['embed']):7.1f} ms, quietest {embed:7.1f}")
    print(f"  ONNX Runtime      {numpy.median(reference):7.1f} ms, quietest {min(reference):7.1f}")
    print(f"  with gradient     {numpy.median(stages['gradient']):7.1f} ms, quietest {gradient:7.1f}")
    print(f"  windows 2 and 3   {numpy.median(stages['windows']):7.1f} ms, quietest {min(stages['windows']):7.1f}")
    print(f"  text, {reports[0]['prompts']} prompts {figures['text_s']:7.1f} s")
    print(f"  peak memory       {figures['peak_gib']:7.2f} GiB")
    for name, most in REQUIRED.items():
        print(f"  {name:16} {figures[name]:7.2f}   at most {most}{'' if figures[name] <= most else '   MISSED'}")
    if difference > TOLERANCE:
        sys.exit(f"bench: an output differs by more than {TOLERANCE} of its mean magnitude")


if __name__ == "__main__":
    main()
