"""CLIP models of full size with seeded random weights, as folders in OpenCLIP's layout: what parity and speed are measured on.

No weights of a trained CLIP are needed for either. Sizes and vocabulary are those that the package open_clip_torch brings; its code
is not run here.
"""

import importlib.util
import json
import math
import pathlib
import shutil

import numpy
from safetensors.numpy import save_file

VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]


def package():
    return pathlib.Path(importlib.util.find_spec("open_clip").origin).parent


def configuration(name):
    """open_clip's own description, e.g. of ViT-B-16-plus-240."""
    return json.loads((package() / "model_configs" / f"{name}.json").read_text(encoding="utf-8"))


def tower(random, prefix, width, layers):
    """The blocks, with the scales that training begins with; norms and biases are random too."""
    attention, output = width**-0.5, width**-0.5 * (2 * layers) ** -0.5

    def normal(*shape, scale=0.05, offset=0.0):
        return offset + numpy.float32(scale) * random.standard_normal(shape, dtype=numpy.float32)

    for index in range(layers):
        block = f"{prefix}transformer.resblocks.{index}."
        for norm in ("ln_1", "ln_2"):
            yield f"{block}{norm}.weight", normal(width, scale=0.1, offset=numpy.float32(1))
            yield f"{block}{norm}.bias", normal(width)
        yield block + "attn.in_proj_weight", normal(3 * width, width, scale=attention)
        yield block + "attn.in_proj_bias", normal(3 * width)
        yield block + "attn.out_proj.weight", normal(width, width, scale=output)
        yield block + "attn.out_proj.bias", normal(width)
        yield block + "mlp.c_fc.weight", normal(4 * width, width, scale=(2 * width) ** -0.5)
        yield block + "mlp.c_fc.bias", normal(4 * width)
        yield block + "mlp.c_proj.weight", normal(width, 4 * width, scale=output)
        yield block + "mlp.c_proj.bias", normal(width)


def tensors(config):
    random = numpy.random.default_rng(1)
    image, text, embedding = config["vision_cfg"], config["text_cfg"], config["embed_dim"]
    width, patch = image["width"], image["patch_size"]
    side = image["image_size"] // patch

    def normal(*shape, scale=0.05, offset=0.0):
        return numpy.float32(offset) + numpy.float32(scale) * random.standard_normal(shape, dtype=numpy.float32)

    yield "logit_scale", numpy.array(math.log(1 / 0.07), numpy.float32)
    yield "visual.conv1.weight", normal(width, 3, patch, patch, scale=(3 * patch * patch) ** -0.5)
    yield "visual.class_embedding", normal(width, scale=0.5)
    yield "visual.positional_embedding", normal(1 + side * side, width, scale=0.5)
    yield "visual.proj", normal(width, embedding, scale=width**-0.5)
    for norm, size in (("visual.ln_pre", width), ("visual.ln_post", width), ("ln_final", text["width"])):
        yield norm + ".weight", normal(size, scale=0.1, offset=1)
        yield norm + ".bias", normal(size)
    yield from tower(random, "visual.", width, image["layers"])
    yield "token_embedding.weight", normal(text["vocab_size"], text["width"], scale=0.5)
    yield "positional_embedding", normal(text["context_length"], text["width"], scale=0.3)
    yield "text_projection", normal(text["width"], embedding, scale=text["width"] ** -0.5)
    yield from tower(random, "", text["width"], text["layers"])


def folder(name, cache):
    """A folder of the model's weights, configuration and vocabulary; made when it is not there."""
    target = pathlib.Path(cache) / name
    if not (target / "open_clip_config.json").exists():
        target.mkdir(parents=True, exist_ok=True)
        config = configuration(name)
        save_file(dict(tensors(config)), target / "open_clip_model.safetensors")
        shutil.copy(package() / VOCABULARY, target)
        # Last: a folder with it is complete.
        description = {"model_cfg": config, "preprocess_cfg": {"mean": MEAN, "std": STD}}
        (target / "open_clip_config.json").write_text(json.dumps(description), encoding="utf-8")
    return target
