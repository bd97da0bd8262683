#!/usr/bin/env python3
"""Compares fsac with ONNX Runtime on the same weights, input and number of threads: outputs first, then time.

    compare.py --fsacctl .build/release/fsacctl --models models [--rounds 5] [--runs 30] [--threads 2] [--json FILE]

Time is the forward pass of one picture, timed inside each process after a warm-up. fsac and ONNX Runtime take turns, so that
a machine which slows down slows both down; the table has the median over the rounds of each round's median, and the same for
the quietest round of each.

fsac runs without the OPENBLAS_* variables of the caller: OpenBLAS is to choose its kernels and blocks for the processor by
itself, as it does on a line PC, and a variable such as OPENBLAS_CORETYPE pins it to others, which can be half as fast. What it
chose is printed.
"""

import argparse
import json
import os
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
# What is timed, with its arithmetic in GFLOP (two operations a multiplication with addition).
TIMED = (("dinov2-small", 224, 12.2), ("efficientnet-lite0", 320, 2 * 0.39 * (320 / 224) ** 2))
# Both sizes of each backbone that outputs are compared at.
COMPARED = (("dinov2-small", 224), ("dinov2-small", 392), ("efficientnet-lite0", 224), ("efficientnet-lite0", 320))
TOLERANCE = 1e-3
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}


def session(backbone, size, options, layers):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    graph = graphs.build(backbone, size, options.models / f"{backbone}.safetensors", layers)
    return onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])


def fsacctl(options, command, backbone, *arguments):
    """What a subcommand printed."""
    words = [options.fsacctl, command, "--backbone", backbone, "--models", options.models, "--threads", options.threads]
    finished = subprocess.run(
        [str(word) for word in (*words, *arguments)], check=True, env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    return finished.stdout


def parity(backbone, size, options):
    """The largest difference of any output, over that output's mean magnitude."""
    image = numpy.random.default_rng(size).standard_normal((3, size, size)).astype(numpy.float32)
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/input.safetensors", f"{folder}/output.safetensors"
        save_file({"input": image}, source)
        layers = ",".join(str(layer) for layer in range(1, LAYERS[backbone] + 1))
        fsacctl(
            options, "embed", backbone, "--precision", "float32", "--input-tensor", source, "--layers", layers,
            "--output", target,
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


def bench(backbone, size, options):
    """In single precision, as the other one computes."""
    return fsacctl(
        options, "bench", backbone, "--precision", "float32", "--size", size, "--runs", options.runs, "--json"
    )


def timing(backbone, size, gigaflops, options):
    runner = session(backbone, size, options, layers=False)
    ours, reference = [], []
    for _ in range(options.rounds):
        ours.append(json.loads(bench(backbone, size, options)))
        reference.append(time_reference(runner, size, options.runs))
    times = [report["stages_ms"]["embed"]["p50"] for report in ours]
    fsac, onnx_runtime = statistics.median(times), statistics.median(reference)
    peak = max(report["sgemm_gigaflops"] for report in ours)
    return {
        "backbone": backbone, "size": size, "threads": options.threads, "runs": options.runs,
        "fsac_ms": fsac, "onnxruntime_ms": onnx_runtime, "ratio": fsac / onnx_runtime,
        "quietest": {"fsac_ms": min(times), "onnxruntime_ms": min(reference), "ratio": min(times) / min(reference)},
        "rounds": {"fsac_ms": times, "onnxruntime_ms": reference},
        "gigaflops": gigaflops / min(times) * 1e3, "sgemm_gigaflops": peak, "share": gigaflops / min(times) * 1e3 / peak,
        "blas_kernels": ours[0]["blas_kernels"], "stages_ms": ours[-1]["stages_ms"],
    }


def print_row(times):
    quietest = times["quietest"]
    print(
        f"{times['backbone'] + ' at ' + str(times['size']):24}"
        f"{times['fsac_ms']:7.1f} {times['onnxruntime_ms']:6.1f} {times['ratio']:5.2f}  "
        f"{quietest['fsac_ms']:7.1f} {quietest['onnxruntime_ms']:6.1f} {quietest['ratio']:5.2f}  "
        f"{times['gigaflops']:7.0f} of {times['sgemm_gigaflops']:.0f} ({100 * times['share']:.0f} %)",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fsacctl", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()

    report = {"onnxruntime": onnxruntime.__version__, "parity": [], "timing": []}
    for backbone, size in COMPARED:
        difference = parity(backbone, size, options)
        report["parity"].append({"backbone": backbone, "size": size, "difference": difference})
        print(f"{backbone} at {size}: largest difference {difference:.1e} of the mean magnitude", flush=True)

    print(
        f"\n{options.threads} threads, fp32, medians of {options.runs} in ms, {options.rounds} rounds; "
        f"ONNX Runtime {onnxruntime.__version__}"
    )
    print(f"{'':24}{'fsac':>7} {'ORT':>6} {'ratio':>5}  {'fsac':>7} {'ORT':>6} {'ratio':>5}  of the SGEMM peak, GFLOP/s")
    print(f"{'':24}{'median of the rounds':>20}  {'quietest round':>20}", flush=True)
    for backbone, size, gigaflops in TIMED:
        times = timing(backbone, size, gigaflops, options)
        report["timing"].append(times)
        print_row(times)
    print(f"OpenBLAS chose its kernels for {report['timing'][0]['blas_kernels']}")
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if any(entry["difference"] > TOLERANCE for entry in report["parity"]):
        sys.exit(f"bench: an output differs by more than {TOLERANCE} of its mean magnitude")


if __name__ == "__main__":
    main()
