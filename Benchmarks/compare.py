#!/usr/bin/env python3
"""Compares fsac with ONNX Runtime and OpenVINO on the same weights, input and number of threads: outputs first, then time.

    compare.py --fsacctl .build/release/fsacctl --models models [--rounds 5] [--runs 30] [--threads 2] [--json FILE]

Time is the forward pass of one picture, timed inside each process after a warm-up. All take turns, so that a machine which slows down slows
all of them down: fsac in single precision and as it is by default, also with the instructions of lesser processors (FSAC_ISA), ONNX Runtime in
single precision, OpenVINO in that, in bf16 and in 8-bit integers (quantised by NNCF with noise for pictures: only the time of that is looked
at). The table has the median over the rounds of each round's median, the quietest round, and that as a share of OpenVINO's in bf16.

fsac runs without the OPENBLAS_* variables of the caller: OpenBLAS is to choose its kernels and blocks for the processor by
itself, as it does on a line PC, and a variable such as OPENBLAS_CORETYPE pins it to others, which can be half as fast. What it
chose is printed.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import nncf
import numpy
import onnxruntime
import openvino
from safetensors.numpy import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import graphs

LAYERS = {"dinov2-small": 12, "efficientnet-lite0": 7}
# What is timed, with its arithmetic in GFLOP (two operations a multiplication with addition).
TIMED = (("dinov2-small", 224, 12.2), ("dinov2-small", 322, 27.0), ("efficientnet-lite0", 320, 2 * 0.39 * (320 / 224) ** 2))
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


def fsacctl(options, command, backbone, *arguments, isa=None):
    """What a subcommand printed."""
    words = [options.fsacctl, command, "--backbone", backbone, "--models", options.models, "--threads", options.threads]
    finished = subprocess.run(
        [str(word) for word in (*words, *arguments)], check=True, env=ENVIRONMENT | ({"FSAC_ISA": isa} if isa else {}), stdout=subprocess.PIPE
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


def median_time(run, size, runs):
    image = numpy.random.default_rng(0).standard_normal((1, 3, size, size)).astype(numpy.float32)
    samples = []
    for number in range(-5, runs):
        start = time.perf_counter()
        run(image)
        if number >= 0:
            samples.append(1e3 * (time.perf_counter() - start))
    return numpy.median(samples)


def ours(backbone, size, options, precision, isa=None):
    """The report of fsacctl; what a method does with the features is not looked at, so one shot is enough."""
    return json.loads(fsacctl(
        options, "bench", backbone, "--precision", precision, "--size", size, "--runs", options.runs, "--shots", 1, "--json",
        isa=isa,
    ))


def contestants(backbone, size, options):
    """Names and what takes a turn: it returns milliseconds, and of fsac the report."""
    def fsac(precision, isa=None):
        def turn():
            report = ours(backbone, size, options, precision, isa)
            return report["stages_ms"]["embed"]["p50"], report
        return turn

    def reference(run):
        return lambda: (median_time(run, size, options.runs), None)

    def openvino_in(precision, is_quantised=False):
        model = openvino.Core().read_model(graphs.build(backbone, size, options.models / f"{backbone}.safetensors", False))
        if is_quantised:
            random = numpy.random.default_rng(1)
            noise = [random.standard_normal((1, 3, size, size)).astype(numpy.float32) for _ in range(8)]
            kind = nncf.ModelType.TRANSFORMER if backbone.startswith("dinov2") else None
            model = nncf.quantize(model, nncf.Dataset(noise), subset_size=len(noise), model_type=kind)
        settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": options.threads, "PERFORMANCE_HINT": "LATENCY"}
        request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
        return reference(lambda image: request.infer({0: image}))

    runner = session(backbone, size, options, layers=False)
    return {
        "fsac float32": fsac("float32"), "fsac": fsac("auto"), "fsac, AVX-VNNI": fsac("auto", "avx-vnni"),
        "fsac, AVX2": fsac("auto", "avx2"), "ONNX Runtime": reference(lambda image: runner.run(None, {"input": image})),
        "OpenVINO f32": openvino_in("f32"), "OpenVINO bf16": openvino_in("bf16"),
        "OpenVINO int8": openvino_in("f32", is_quantised=True),
    }


def timing(backbone, size, gigaflops, options):
    turns = contestants(backbone, size, options)
    rounds, reports = {name: [] for name in turns}, []
    for _ in range(options.rounds):
        for name, turn in turns.items():
            milliseconds, report = turn()
            rounds[name].append(milliseconds)
            reports += [report] if report else []
    peak = max(report["sgemm_gigaflops"] for report in reports)
    return {
        "backbone": backbone, "size": size, "threads": options.threads, "runs": options.runs, "rounds": rounds,
        "gigaflops": gigaflops / min(rounds["fsac float32"]) * 1e3, "sgemm_gigaflops": peak, "blas_kernels": reports[0]["blas_kernels"],
    }


def print_rows(times):
    print(f"\n{times['backbone']} at {times['size']}: fsac float32 {times['gigaflops']:.0f} of {times['sgemm_gigaflops']:.0f} GFLOP/s")
    quickest = min(times["rounds"]["OpenVINO bf16"])
    for name, milliseconds in times["rounds"].items():
        print(
            f"  {name:16}{numpy.median(milliseconds):8.1f} {min(milliseconds):8.1f} {min(milliseconds) / quickest:8.2f}",
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

    report = {
        "onnxruntime": onnxruntime.__version__, "openvino": openvino.__version__, "parity": [], "timing": [],
    }
    for backbone, size in COMPARED:
        difference = parity(backbone, size, options)
        report["parity"].append({"backbone": backbone, "size": size, "difference": difference})
        print(f"{backbone} at {size}: largest difference {difference:.1e} of the mean magnitude", flush=True)

    print(
        f"\n{options.threads} threads, {options.rounds} rounds of {options.runs} runs: median of the rounds and quietest round in ms, "
        f"share of OpenVINO bf16; ONNX Runtime {onnxruntime.__version__}, OpenVINO {openvino.__version__}"
    )
    for backbone, size, gigaflops in TIMED:
        times = timing(backbone, size, gigaflops, options)
        report["timing"].append(times)
        print_rows(times)
    print(f"OpenBLAS chose its kernels for {report['timing'][0]['blas_kernels']}")
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if any(entry["difference"] > TOLERANCE for entry in report["parity"]):
        sys.exit(f"bench: an output differs by more than {TOLERANCE} of its mean magnitude")


if __name__ == "__main__":
    main()
