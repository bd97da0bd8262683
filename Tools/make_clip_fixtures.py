#!/usr/bin/env python3
"""Writes what the tests of CLIP's towers compare with, computed by open_clip.

    make_clip_fixtures.py Tests/CoreTests/Fixtures/backbones

tiny-clip.safetensors
    A CLIP of a few ten thousand seeded random weights, all of them, norms and biases too. `network.*` are the weights under
    OpenCLIP's names. What follows are outputs with the exact GELU, or, below `quick.`, with QuickGELU.
    Of the input of side N (sin(0.37 i), i = 0 ..< 3 N N, in the order [3, N, N]), `size<N>.*` are: class_token [C], patch_tokens [N, D] (after the last norm), layer1 ... layerL [N, D], the layer
    after the last (the patch tokens in the space of the text) [N, C], window2 and window3 [positions, C] (the class token and
    the patches of each window alone through open_clip's modules), and gradient [3, N, N], the derivatives of
    sum(class_token * cos(0.5 k)), k = 0 ..< C, by the input. Positions of other sizes than the model's are resampled by
    open_clip's `resize_pos_embed`.
    `text.tokens` [prompts, context], `text.embeddings` [prompts, C], and `text.gradient` [prompts, context, D]: the
    derivatives of sum(embeddings * cos(0.5 k)) (k counts all of [prompts, C]) by what the first block takes.

Outputs are whole, and compared with a tolerance of 1e-4 of an output's mean magnitude (gradients: 1e-3).

Needs PyTorch, open_clip_torch, safetensors. Written with torch 1.13, open_clip_torch 3.3, safetensors 0.8.
"""

import argparse
import pathlib

import numpy
import open_clip.model
import torch
from safetensors.numpy import save_file

EMBEDDING, IMAGE, PATCH = 24, 40, 8
TEXT = {"context_length": 12, "vocab_size": 50, "width": 32, "heads": 2, "layers": 2}
# 3 x 3 patches reduce the position grid of 5 x 5, 7 x 7 enlarge it
SIZES = (24, 40, 56)
END = TEXT["vocab_size"] - 1


def model(size, quick):
    vision = {"image_size": size, "patch_size": PATCH, "width": 40, "layers": 3, "head_width": 20}
    return open_clip.model.CLIP(EMBEDDING, vision, TEXT, quick_gelu=quick).eval()


def randomise(network, generator):
    for name, value in network.named_parameters():
        if value.dim() == 1 and name.endswith("weight"):
            value.data.normal_(1.0, 0.3, generator=generator)
        else:
            value.data.normal_(0.0, 0.3 if value.dim() == 1 else 0.15, generator=generator)


def wave(size):
    flat = numpy.sin(0.37 * numpy.arange(3 * size * size, dtype=numpy.float64))
    return torch.from_numpy(flat.astype(numpy.float32)).reshape(1, 3, size, size)


def direction(*shape):
    count = int(numpy.prod(shape))
    return torch.cos(0.5 * torch.arange(count, dtype=torch.float64)).float().reshape(shape)


def windows(visual, stream, rows, side):
    """[positions, C]: each window's tokens through the blocks alone, one window after the other."""
    found = []
    for row in range(rows - side + 1):
        for column in range(rows - side + 1):
            patches = [1 + (row + y) * rows + column + x for y in range(side) for x in range(side)]
            x = visual.transformer(stream[:, [0, *patches]])
            found.append(visual.ln_post(x)[:, 0] @ visual.proj)
    return torch.cat(found)


def image_outputs(network, size):
    visual, image = network.visual, wave(size).requires_grad_()
    start = visual._embeds(image)
    x, found = start, {}
    for index, block in enumerate(visual.transformer.resblocks, 1):
        x = block(x)
        found[f"layer{index}"] = x[0, 1:]
    x = visual.ln_post(x)
    found["patch_tokens"] = x[0, 1:]
    found[f"layer{index + 1}"] = x[0, 1:] @ visual.proj
    found["class_token"] = network.encode_image(image)[0]
    found["window2"], found["window3"] = (windows(visual, start, size // PATCH, side) for side in (2, 3))
    (found["gradient"],) = torch.autograd.grad((found["class_token"] * direction(EMBEDDING)).sum(), image)
    found["gradient"] = found["gradient"][0]
    return {f"size{size}.{name}": value.detach().numpy() for name, value in found.items()}


def text_outputs(network, generator):
    tokens = torch.zeros(9, TEXT["context_length"], dtype=torch.int64)
    for row, length in enumerate((1, 2, 10, 5, 7, 3, 10, 4, 8)):
        tokens[row, 0] = END - 1
        tokens[row, 1 : 1 + length] = torch.randint(0, END - 1, (length,), generator=generator)
        tokens[row, 1 + length] = END
    embeddings = network.encode_text(tokens)
    start = (network.token_embedding(tokens) + network.positional_embedding).detach().requires_grad_()
    x = network.ln_final(network.transformer(start, attn_mask=network.attn_mask))
    x = x[torch.arange(len(tokens)), tokens.argmax(dim=-1)] @ network.text_projection
    assert torch.allclose(x, embeddings, rtol=0, atol=1e-5)
    (gradient,) = torch.autograd.grad((x * direction(*x.shape)).sum(), start)
    found = {"tokens": tokens, "embeddings": embeddings, "gradient": gradient}
    return {f"text.{name}": value.detach().numpy() for name, value in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    tensors = {}
    for prefix, quick in (("", False), ("quick.", True)):
        generator = torch.Generator().manual_seed(7)
        trained = model(IMAGE, quick)
        randomise(trained, generator)
        outputs = {}
        # one size is enough to tell the activations apart
        for size in SIZES if not quick else (IMAGE,):
            network, state = model(size, quick), dict(trained.state_dict())
            open_clip.model.resize_pos_embed(state, network)
            network.load_state_dict(state)
            outputs |= image_outputs(network, size)
        outputs |= text_outputs(trained, generator)
        tensors |= {prefix + name: value for name, value in outputs.items()}
    tensors |= {"network." + name: value.numpy() for name, value in trained.state_dict().items() if name != "attn_mask"}
    path = options.directory / "tiny-clip.safetensors"
    save_file({name: numpy.ascontiguousarray(value, numpy.float32) for name, value in sorted(tensors.items())}, path)
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
