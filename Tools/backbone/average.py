"""Averages of weights (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022, and "Model soups", 2022)."""

import argparse

import torch
from safetensors.torch import load_file, save_file


def average(original, trained, share):
    """(1 - share) x original + share x the mean of `trained`: a state of float32 tensors. What was not trained is the original's.

    All states come from the same original, so that the way between them is flat."""
    result = {key: tensor.float() for key, tensor in original.items()}
    for key in trained[0]:
        mean = torch.stack([state[key].float() for state in trained]).mean(0)
        # Exactly the original's where both are the same: `delta.py` leaves those out.
        result[key] = result[key] + share * (mean - result[key])
    return result


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--original", required=True, help="safetensors of the weights before the training")
    options.add_argument("--trained", required=True, nargs="+", help="safetensors of one or more trainings")
    options.add_argument("--share", type=float, default=0.5, help="of the trained weights, 0 to 1")
    options.add_argument("--out", required=True, help="safetensors to write, in float32")
    chosen = options.parse_args()
    mean = average(load_file(chosen.original), [load_file(path) for path in chosen.trained], chosen.share)
    save_file({key: tensor.contiguous() for key, tensor in mean.items()}, chosen.out)


if __name__ == "__main__":
    main()
