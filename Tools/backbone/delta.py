"""The difference between trained and original weights in one byte a number: a third of a file in float16 with the original.

`apply_delta.py` undoes it without PyTorch, for `make weights`. For each tensor of the trained blocks that differs: `NAME` int8, and `NAME.step` float32, one step a row (of the first axis). The
trained weight is original + int8 x step.
"""

import argparse

import torch
from safetensors.torch import load_file, save_file


def encoded(original, trained):
    result = {}
    for key, tensor in trained.items():
        change = tensor.float() - original[key].float()
        if not change.abs().max() > 0:
            continue
        rows = change.reshape(change.shape[0], -1)
        step = rows.abs().amax(1).clamp_min(1e-12) / 127
        result[key] = torch.round(rows / step[:, None]).to(torch.int8).reshape(change.shape).contiguous()
        result[key + ".step"] = step
    return result


def decoded(original, delta):
    """A state of float32 tensors: all of `original`, changed where `delta` says so."""
    result = {}
    for key, tensor in original.items():
        value = tensor.float()
        if key in delta:
            step = delta[key + ".step"].view(-1, *[1] * (value.ndim - 1))
            value = value + delta[key].float() * step
        result[key] = value
    return result


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--original", required=True)
    kinds = options.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--encode", metavar="TRAINED", help="safetensors to compare with the original")
    kinds.add_argument("--decode", metavar="DELTA", help="safetensors that --encode wrote")
    options.add_argument("--out", required=True)
    chosen = options.parse_args()
    original = load_file(chosen.original)
    if chosen.encode:
        save_file(encoded(original, load_file(chosen.encode)), chosen.out)
    else:
        save_file({key: value.half().contiguous() for key, value in decoded(original, load_file(chosen.decode)).items()},
                  chosen.out)


if __name__ == "__main__":
    main()
