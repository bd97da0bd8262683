#!/usr/bin/env python3
"""Compares fsac with ONNX Runtime on the same weights, input and number of threads: outputs first, then time.

    compare.py --fsacctl .build/release/fsacctl --models models [--runs 30] [--threads 2] [--json FILE]

Time is the forward pass of one picture, medians over the runs after a warm-up. fsac and ONNX Runtime take turns, so
that a machine which slows down slows both down.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import onnxruntime
from safetensors.numpy import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import graphs

LAYERS = {"dinov2-small": 12, "efficientnet-lite0": 7}
# What is timed (the sizes), and one larger size for parity.
TIMED = (("dinov2-small", 224), ("efficientnet-lite0", 320))
COMPARED = (("dinov2-small", 224), ("dinov2-small", 392), ("efficientnet-lite0", 224), ("efficientnet-lite0", 320))
TOLERANCE = 1e-3
TURNS = 3


def session(backbone, size, options, layers):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    graph = graphs.build(backbone, size, options.models / f"{backbone}.safetensors", layers)
    return onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])


def parity(backbone, size, options):
    """The largest difference of any output, over that output's mean magnitude."""
    image = numpy.random.default_rng(size).standard_normal((3, size, size)).astype(numpy.float32)
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/input.safetensors", f"{folder}/output.safetensors"
        save_file({"input": image}, source)
        layers = ",".join(str(layer) for layer in range(1, LAYERS[backbone] + 1))
        subprocess.run(
            [options.fsacctl, "embed", "--backbone", backbone, "--models", options.models, "--input-tensor", source,
             "--layers", layers, "--output", target],
            check=True, stdout=subprocess.DEVNULL,
        )
        ours = load_file(target)
    runner = session(backbone, size, options, layers=True)
    names = [output.name for output in runner.get_outputs()]
    worst = 0.0
    for name, expected in zip(names, runner.run(names, {"input": image[None]})):
        difference = numpy.abs(ours[name].reshape(-1) - expected.reshape(-1)).max()
        worst = max(worst, float(difference / numpy.abs(expected).mean()))
    return worst


def time_reference(runner, size, runs):
    image = numpy.random.default_rng(0).standard_normal((1, 3, size, size)).astype(numpy.float32)
    samples = []
    for run in range(-5, runs):
        start = time.perf_counter()
        runner.run(None, {"input": image})
        if run >= 0:
            samples.append(1e3 * (time.perf_counter() - start))
    return statistics.median(samples)


def time_ours(backbone, size, options):
    output = subprocess.run(
        [options.fsacctl, "bench", "--backbone", backbone, "--size", str(size), "--models", options.models,
         "--threads", str(options.threads), "--runs", str(options.runs), "--json"],
        check=True, stdout=subprocess.PIPE,
    ).stdout
    return json.loads(output)


def timing(backbone, size, options):
    runner = session(backbone, size, options, layers=False)
    ours, reference = [], []
    for _ in range(TURNS):
        ours.append(time_ours(backbone, size, options))
        reference.append(time_reference(runner, size, options.runs))
    fsac = statistics.median(report["stages_ms"]["embed"]["p50"] for report in ours)
    onnx_runtime = statistics.median(reference)
    return {
        "backbone": backbone, "size": size, "threads": options.threads, "runs": TURNS * options.runs,
        "fsac_ms": fsac, "onnxruntime_ms": onnx_runtime, "ratio": fsac / onnx_runtime,
        "sgemm_gigaflops": max(report["sgemm_gigaflops"] for report in ours), "stages_ms": ours[-1]["stages_ms"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fsacctl", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()

    print(f"ONNX Runtime {onnxruntime.__version__}, fp32, {options.threads} threads")
    report = {"onnxruntime": onnxruntime.__version__, "parity": [], "timing": []}
    for backbone, size in COMPARED:
        difference = parity(backbone, size, options)
        report["parity"].append({"backbone": backbone, "size": size, "difference": difference})
        print(f"{backbone} at {size}: largest difference {difference:.1e} of the mean magnitude", flush=True)
    for backbone, size in TIMED:
        times = timing(backbone, size, options)
        report["timing"].append(times)
        print(
            f"{backbone} at {size}: fsac {times['fsac_ms']:.1f} ms, ONNX Runtime {times['onnxruntime_ms']:.1f} ms, "
            f"ratio {times['ratio']:.2f}; SGEMM peak {times['sgemm_gigaflops']:.0f} GFLOP/s", flush=True
        )
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if any(entry["difference"] > TOLERANCE for entry in report["parity"]):
        sys.exit(f"bench: an output differs by more than {TOLERANCE} of its mean magnitude")


if __name__ == "__main__":
    main()
