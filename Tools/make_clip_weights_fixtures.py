#!/usr/bin/env python3
"""Writes one tiny random CLIP in every layout that Core/Weights reads, each with the library that the layout belongs to.

    make_clip_weights_fixtures.py Tests/CoreTests/Fixtures/clip/weights VOCABULARY

VOCABULARY is Tests/CoreTests/Fixtures/clip/tokenizer/bpe_simple_vocab_16e6.txt.gz, of which the model uses the first merges.
Before anything is written, Hugging Face's model and OpenCLIP's must give the same embeddings of the same inputs (1e-5), so that
the two layouts are one model. Written with open_clip 3.3, transformers 4.30, torch 1.13, safetensors 0.8.

    openclip/          open_clip_model.safetensors, open_clip_config.json: single precision
    huggingface/       model.safetensors, config.json, preprocessor_config.json: the same numbers
    checkpoint/        a training checkpoint of OpenCLIP, .pt with `state_dict` and `module.`, in half precision
    bfloat16/          Hugging Face's pytorch_model.bin in bfloat16
    torchscript.pt     a program that TorchScript made, which is refused
"""
import collections
import gzip
import json
import os
import sys

import torch
from safetensors.torch import save_file

SIZE, PATCH, WIDTH, DEPTH, HEADS, EMBEDDING, CONTEXT, TOKENS = 8, 4, 8, 2, 2, 6, 8, 520


def open_clip_model():
    from open_clip.model import CLIP

    return CLIP(
        embed_dim=EMBEDDING, quick_gelu=True,
        vision_cfg=dict(image_size=SIZE, layers=DEPTH, width=WIDTH, patch_size=PATCH, head_width=WIDTH // HEADS),
        text_cfg=dict(context_length=CONTEXT, vocab_size=TOKENS, width=WIDTH, heads=HEADS, layers=DEPTH)).eval()


def hugging_face_model():
    from transformers import CLIPConfig, CLIPModel

    tower = dict(hidden_size=WIDTH, intermediate_size=4 * WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS)
    config = CLIPConfig(
        projection_dim=EMBEDDING,
        text_config=dict(tower, vocab_size=TOKENS, max_position_embeddings=CONTEXT),
        vision_config=dict(tower, image_size=SIZE, patch_size=PATCH))
    return CLIPModel(config).eval(), config


def as_hugging_face(state):
    """OpenCLIP's state dict under Hugging Face's names."""
    result = collections.OrderedDict(logit_scale=state["logit_scale"])
    for tower, ours in (("vision_model", "visual."), ("text_model", "")):
        for block in range(DEPTH):
            theirs, path = f"{tower}.encoder.layers.{block}.", f"{ours}transformer.resblocks.{block}."
            for kind in ("weight", "bias"):
                for letter, third in zip("qkv", state[f"{path}attn.in_proj_{kind}"].chunk(3)):
                    result[f"{theirs}self_attn.{letter}_proj.{kind}"] = third.clone()
                for name, other in (("self_attn.out_proj", "attn.out_proj"), ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
                                    ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")):
                    result[f"{theirs}{name}.{kind}"] = state[f"{path}{other}.{kind}"]
    for kind in ("weight", "bias"):
        result[f"vision_model.pre_layrnorm.{kind}"] = state[f"visual.ln_pre.{kind}"]
        result[f"vision_model.post_layernorm.{kind}"] = state[f"visual.ln_post.{kind}"]
        result[f"text_model.final_layer_norm.{kind}"] = state[f"ln_final.{kind}"]
    result["vision_model.embeddings.class_embedding"] = state["visual.class_embedding"]
    result["vision_model.embeddings.patch_embedding.weight"] = state["visual.conv1.weight"]
    result["vision_model.embeddings.position_embedding.weight"] = state["visual.positional_embedding"]
    result["text_model.embeddings.token_embedding.weight"] = state["token_embedding.weight"]
    result["text_model.embeddings.position_embedding.weight"] = state["positional_embedding"]
    result["visual_projection.weight"] = state["visual.proj"].t().contiguous()
    result["text_projection.weight"] = state["text_projection"].t().contiguous()
    return result


def check_equal(ours, theirs):
    torch.manual_seed(1)
    image = torch.randn(2, 3, SIZE, SIZE)
    tokens = torch.tensor([[TOKENS - 2, 5, 9, TOKENS - 1, 0, 0, 0, 0], [TOKENS - 2] + [7] * 6 + [TOKENS - 1]])
    for a, b in ((ours.encode_image(image), theirs.get_image_features(image)),
                 (ours.encode_text(tokens), theirs.get_text_features(tokens))):
        difference = ((a - b).abs().max() / a.abs().max()).item()
        print(f"relative difference of the layouts' embeddings: {difference:.1e}")
        assert difference < 1e-5


def folder(*path):
    path = os.path.join(*path)
    os.makedirs(path, exist_ok=True)
    return path


def write_json(path, value):
    with open(path, "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


@torch.no_grad()
def main(directory, vocabulary):
    torch.manual_seed(0)
    ours = open_clip_model()
    for parameter in ours.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.3)
    state = ours.state_dict()
    theirs, config = hugging_face_model()
    missing = theirs.load_state_dict(as_hugging_face(state), strict=False)
    assert not missing.unexpected_keys and all(name.endswith("position_ids") for name in missing.missing_keys), missing
    check_equal(ours, theirs)

    model_config = dict(
        embed_dim=EMBEDDING, quick_gelu=True,
        vision_cfg=dict(image_size=SIZE, layers=DEPTH, width=WIDTH, patch_size=PATCH, head_width=WIDTH // HEADS),
        text_cfg=dict(context_length=CONTEXT, vocab_size=TOKENS, width=WIDTH, heads=HEADS, layers=DEPTH))
    preprocess = dict(mean=[0.5, 0.25, 0.125], std=[0.25, 0.5, 1], interpolation="bicubic", resize_mode="shortest")
    open_clip_config = dict(model_cfg=model_config, preprocess_cfg=preprocess)
    path = folder(directory, "openclip")
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path + "/open_clip_model.safetensors")
    write_json(path + "/open_clip_config.json", open_clip_config)

    path = folder(directory, "huggingface")
    save_file({name: tensor.contiguous() for name, tensor in theirs.state_dict().items()}, path + "/model.safetensors")
    theirs_config = json.loads(config.to_json_string(use_diff=False))
    keep = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "hidden_act", "layer_norm_eps",
            "vocab_size", "max_position_embeddings", "image_size", "patch_size", "num_channels", "model_type")
    short = dict(model_type="clip", projection_dim=EMBEDDING, architectures=["CLIPModel"])
    for tower in ("text_config", "vision_config"):
        short[tower] = {key: theirs_config[tower][key] for key in keep if key in theirs_config[tower]}
    write_json(path + "/config.json", short)
    write_json(path + "/preprocessor_config.json", dict(
        image_mean=preprocess["mean"], image_std=preprocess["std"], resample=3, do_center_crop=True, crop_size=SIZE, size=SIZE))

    path = folder(directory, "checkpoint")
    half = collections.OrderedDict((f"module.{name}", tensor.half()) for name, tensor in state.items())
    torch.save(dict(epoch=32, name="tiny", state_dict=half), path + "/tiny-epoch_32.pt")
    write_json(path + "/open_clip_config.json", model_config)  # without the outer level, as in OpenCLIP's model_configs

    path = folder(directory, "bfloat16")
    brain = collections.OrderedDict(
        (name, tensor.bfloat16() if tensor.is_floating_point() else tensor) for name, tensor in theirs.state_dict().items())
    torch.save(brain, path + "/pytorch_model.bin")
    write_json(path + "/config.json", short)

    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), os.path.join(directory, "torchscript.pt"))

    # The vocabulary in every form: OpenAI's, and Hugging Face's with its numbers.
    import open_clip.tokenizer as reference

    merges = gzip.open(vocabulary).read().decode().split("\n")[1:][:TOKENS - 514]
    base = list(reference.bytes_to_unicode().values())
    names = base + [name + "</w>" for name in base] + [merge.replace(" ", "") for merge in merges]
    numbers = {name: index for index, name in enumerate(names + ["<|startoftext|>", "<|endoftext|>"])}
    text = "\n".join(["#version: 0.2"] + merges) + "\n"
    with open(os.path.join(directory, "openclip", "bpe_simple_vocab_16e6.txt.gz"), "wb") as file:
        file.write(gzip.compress(text.encode(), mtime=0))
    for name in ("huggingface", "checkpoint"):
        with open(os.path.join(directory, name, "merges.txt"), "w") as file:
            file.write(text)
    write_json(os.path.join(directory, "huggingface", "vocab.json"), numbers)
    with open(os.path.join(directory, "bfloat16", "tokenizer.json"), "w") as file:
        json.dump(dict(version="1.0", model=dict(type="BPE", end_of_word_suffix="</w>", vocab=numbers,
                                                 merges=[merge.split(" ") for merge in merges])), file, ensure_ascii=False)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
