"""Small settings for every backbone and every task of KerasHub, so that none needs a download.

The sizes differ from each other where the classes allow it, so that one in place of another shows.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import keras
from keras_hub import models as hub
from kerashub_images import (
    MIT,
    SWIN,
    VIT,
    dfine,
    diffusion,
    dinov2,
    flux,
    hgnet,
    mobilenet,
    mobilenet_v5,
    parseq,
    resnet,
    sam,
    sam3,
    vision,
    vit,
    vit_det,
)
from kerashub_texts import (
    EXPERTS,
    GROUPED,
    HEADS,
    LINEAR,
    SHORT,
    T5GEMMA,
    TEXT,
    blip2,
    blip2_opt,
    blip2_qformer,
    blip2_t5,
    blip2_vision,
    gemma3,
    gemma3n,
    gemma4,
    smollm3,
    two_towers,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Maker = Callable[[], Any]

BACKBONES: dict[str, Maker] = {
    "AlbertBackbone": lambda: hub.AlbertBackbone(**SHORT, embedding_dim=16),
    "BASNetBackbone": lambda: hub.BASNetBackbone(
        hub.ResNetBackbone(
            [64], [7], [64, 128, 256, 512], [2, 2, 2, 2], [1, 2, 2, 2], "basic_block"
        ),
        1,
    ),
    "BLIP2Backbone": blip2,
    "BLIP2CustomOPT": blip2_opt,
    "BLIP2FlanT5": blip2_t5,
    "BLIP2QFormer": blip2_qformer,
    "BLIP2VisionEncoder": blip2_vision,
    "BartBackbone": lambda: hub.BartBackbone(**SHORT),
    "BertBackbone": lambda: hub.BertBackbone(**SHORT),
    "BloomBackbone": lambda: hub.BloomBackbone(**{**HEADS, "num_heads": 4}),
    "CLIPBackbone": lambda: two_towers("CLIP", projection_dim=20),
    "CLIPTextEncoder": lambda: words("CLIP"),
    "CLIPVisionEncoder": lambda: vision("CLIP"),
    "CSPNetBackbone": lambda: hub.CSPNetBackbone(
        stem_filters=32,
        stem_kernel_size=3,
        stem_strides=1,
        stackwise_depth=[1, 2, 2],
        stackwise_strides=2,
        stackwise_num_filters=[16, 24, 48],
        block_type="dark_block",
        stage_type="csp",
        down_growth=True,
        bottle_ratio=(0.5, 1.0),
        block_ratio=(1.0, 0.5),
        expand_ratio=(2.0, 1.0),
        stem_padding="same",
    ),
    "DFineBackbone": dfine,
    "DINOV2Backbone": dinov2,
    "DINOV3Backbone": lambda: hub.DINOV3Backbone(**VIT, intermediate_dim=40),
    "DebertaV3Backbone": lambda: hub.DebertaV3Backbone(**SHORT, bucket_size=8),
    "DeepLabV3Backbone": lambda: hub.DeepLabV3Backbone(
        image_encoder=resnet(),
        spatial_pyramid_pooling_key="P4",
        low_level_feature_key="P2",
        upsampling_size=4,
        dilation_rates=[2, 3, 4],
        image_shape=(96, 96, 3),
    ),
    "DeiTBackbone": lambda: hub.DeiTBackbone(**VIT, intermediate_dim=40),
    "DenseNetBackbone": lambda: hub.DenseNetBackbone([1, 2, 2, 1], growth_rate=6),
    "DepthAnythingBackbone": lambda: hub.DepthAnythingBackbone(
        image_encoder=dinov2(num_layers=4, image_shape=(48, 48, 3), apply_layernorm=True),
        reassemble_factors=[4, 2, 1, 0.5],
        neck_hidden_dims=[16, 20, 24, 28],
        fusion_hidden_dim=32,
        head_hidden_dim=12,
        head_in_index=-1,
        feature_keys=["stage1", "stage2", "stage3", "stage4"],
    ),
    "DistilBertBackbone": lambda: hub.DistilBertBackbone(**SHORT),
    "EdRecBackbone": lambda: hub.EdRecBackbone(50, 2, 3, 24, 40, 3),
    "EfficientNetBackbone": lambda: hub.EfficientNetBackbone(
        stackwise_width_coefficients=[1.0] * 3,
        stackwise_depth_coefficients=[1.0] * 3,
        stackwise_kernel_sizes=[3, 5, 3],
        stackwise_num_repeats=[1, 2, 2],
        stackwise_input_filters=[24, 24, 48],
        stackwise_output_filters=[24, 48, 64],
        stackwise_expansion_ratios=[1, 4, 6],
        stackwise_squeeze_and_excite_ratios=[0.0, 0.25, 0.25],
        stackwise_strides=[1, 2, 2],
        stackwise_block_types=["fused", "unfused", "v1"],
        stackwise_force_input_filters=[0] * 3,
        stackwise_nores_option=[False] * 3,
        num_features=96,
    ),
    "ElectraBackbone": lambda: hub.ElectraBackbone(50, 2, 3, 24, 16, 40, max_sequence_length=32),
    "ESMBackbone": lambda: hub.ESMBackbone(**HEADS),
    "FNetBackbone": lambda: hub.FNetBackbone(**TEXT, max_sequence_length=32),
    "FalconBackbone": lambda: hub.FalconBackbone(
        **{**TEXT, "intermediate_dim": 96}, num_attention_heads=3
    ),
    "FluxBackbone": flux,
    "GPT2Backbone": lambda: hub.GPT2Backbone(**SHORT),
    "GPTNeoXBackbone": lambda: hub.GPTNeoXBackbone(**HEADS),
    "GemmaBackbone": lambda: hub.GemmaBackbone(**GROUPED, head_dim=4),
    "Gemma3Backbone": gemma3,
    "Gemma3VisionEncoder": lambda: gemma3().vision_encoder,
    "Gemma3nBackbone": gemma3n,
    "Gemma4Backbone": gemma4,
    "Gemma4VisionEncoder": lambda: gemma4().vision_encoder,
    "Gemma4AudioEncoder": lambda: hub.Gemma4AudioEncoder(
        input_feat_size=16,
        hidden_size=24,
        num_heads=3,
        num_layers=2,
        chunk_size=4,
        context_left=5,
        sscp_conv_channels=(8, 4),
        output_proj_dims=20,
        output_dim=28,
    ),
    "GptOssBackbone": lambda: hub.GptOssBackbone(**GROUPED, **EXPERTS, sliding_window=8),
    "HGNetV2Backbone": hgnet,
    "Llama3Backbone": lambda: hub.Llama3Backbone(**GROUPED),
    "LlamaBackbone": lambda: hub.LlamaBackbone(**GROUPED),
    "MetaCLIP2Backbone": lambda: two_towers("MetaCLIP2", projection_dim=20),
    "MetaCLIP2TextEncoder": lambda: words("MetaCLIP2"),
    "MetaCLIP2VisionEncoder": lambda: vision("MetaCLIP2"),
    "MiTBackbone": lambda: hub.MiTBackbone(**MIT),
    "MistralBackbone": lambda: hub.MistralBackbone(**GROUPED, sliding_window=8),
    "MixtralBackbone": lambda: hub.MixtralBackbone(**GROUPED, **EXPERTS, sliding_window=8),
    "MobileNetBackbone": mobilenet,
    "MobileNetV5Backbone": mobilenet_v5,
    "MoonshineBackbone": lambda: hub.MoonshineBackbone(50, 24, 2, 3, 24, 40, 3, 3),
    "OPTBackbone": lambda: hub.OPTBackbone(**SHORT),
    "PARSeqBackbone": parseq,
    "PaliGemmaBackbone": lambda: hub.PaliGemmaBackbone(
        **GROUPED,
        head_dim=4,
        image_size=16,
        vit_patch_size=4,
        vit_num_heads=2,
        vit_hidden_dim=8,
        vit_num_layers=2,
        vit_intermediate_dim=20,
    ),
    "Phi3Backbone": lambda: hub.Phi3Backbone(**GROUPED),
    "Qwen2Backbone": lambda: hub.Qwen2Backbone(**GROUPED),
    "QwenBackbone": lambda: hub.QwenBackbone(**GROUPED),
    "Qwen3Backbone": lambda: hub.Qwen3Backbone(**GROUPED, head_dim=6),
    "Qwen3MoeBackbone": lambda: hub.Qwen3MoeBackbone(
        **GROUPED, head_dim=4, moe_intermediate_dim=20, **EXPERTS
    ),
    "Qwen3_5Backbone": lambda: hub.Qwen3_5Backbone(**LINEAR),
    "Qwen3_5MoeBackbone": lambda: hub.Qwen3_5MoeBackbone(
        **{name: value for name, value in LINEAR.items() if name != "intermediate_dim"},
        moe_intermediate_dim=20,
        shared_expert_intermediate_size=28,
        **EXPERTS,
    ),
    "QwenMoeBackbone": lambda: hub.QwenMoeBackbone(
        **GROUPED, moe_intermediate_dim=20, shared_expert_intermediate_dim=28, **EXPERTS
    ),
    "RWKV7Backbone": lambda: hub.RWKV7Backbone(
        hidden_size=24,
        head_size=8,
        num_layers=2,
        vocabulary_size=50,
        intermediate_dim=40,
        gate_lora=12,
        mv_lora=10,
        aaa_lora=14,
        decay_lora=6,
    ),
    "ResNetBackbone": resnet,
    "RetinaNetBackbone": lambda: hub.RetinaNetBackbone(
        image_encoder=resnet(image_shape=(128, 128, 3)),
        min_level=3,
        max_level=7,
        use_p5=True,
        image_shape=(128, 128, 3),
    ),
    "RobertaBackbone": lambda: hub.RobertaBackbone(**SHORT),
    "RoformerV2Backbone": lambda: hub.RoformerV2Backbone(**HEADS, head_size=8),
    "SAM3PromptableConceptBackbone": sam3,
    "SAMBackbone": sam,
    "SegFormerBackbone": lambda: hub.SegFormerBackbone(hub.MiTBackbone(**MIT), 28),
    "SigLIPBackbone": lambda: two_towers("SigLIP"),
    "SigLIPTextEncoder": lambda: words("SigLIP"),
    "SigLIPVisionEncoder": lambda: vision("SigLIP"),
    "SmolLM3Backbone": smollm3,
    "SmolLMBackbone": smollm3,
    "StableDiffusion3Backbone": diffusion,
    "SwinTransformerBackbone": lambda: hub.SwinTransformerBackbone(**SWIN, window_size=4),
    "T5Backbone": lambda: hub.T5Backbone(**HEADS),
    "T5Gemma2Backbone": lambda: hub.T5Gemma2Backbone(**T5GEMMA),
    "T5GemmaBackbone": lambda: hub.T5GemmaBackbone(**T5GEMMA),
    "VGGBackbone": lambda: hub.VGGBackbone([1, 2, 2], [8, 16, 24]),
    "ViTBackbone": vit,
    "ViTDetBackbone": vit_det,
    "VideoPrismBackbone": lambda: hub.VideoPrismBackbone(
        num_frames=4,
        patch_size=8,
        hidden_dim=24,
        intermediate_dim=40,
        num_heads=3,
        num_spatial_layers=2,
        num_temporal_layers=1,
        num_auxiliary_layers=1,
        image_shape=(32, 32, 3),
    ),
    "WhisperBackbone": lambda: hub.WhisperBackbone(
        **HEADS, max_encoder_sequence_length=40, max_decoder_sequence_length=32
    ),
    "XLMRobertaBackbone": lambda: hub.XLMRobertaBackbone(**SHORT),
    "XLNetBackbone": lambda: hub.XLNetBackbone(**HEADS),
    "XceptionBackbone": lambda: hub.XceptionBackbone(
        [[8, 16], [24, 24], [32, 40]], [False, True, False]
    ),
}

# The length of an open side of an input, by the name of the input; 64 for images.
LENGTHS = {
    "boxes": 2,
    "decoder_padding_mask": 13,
    "decoder_token_ids": 13,
    "encoder_features": 40,
    "encoder_input_values": 1600,
    "encoder_padding_mask": 19,
    "encoder_token_ids": 19,
    "labels": 3,
    "input_features_mask": 24,
    "mask_positions": 5,
    "masks": 1,
    "padding_mask": 17,
    "points": 3,
    "position_ids": 17,
    "response_mask": 17,
    "segment_ids": 17,
    "token_ids": 17,
    "vision_indices": 8,
    "vision_mask": 17,
}
# Shapes where the sides of one input differ, or depend on those of others.
SHAPES = {
    "SAM": {"masks": (1, 16, 16, 1)},
    "Gemma3n": {
        "images": (1, 32, 32, 3),
        "input_features": (1, 24, 16),
        "input_features_mask": (1, 24),
    },
    "Gemma3": {"images": (2, 16, 16, 3)},
    "Gemma4": {"pixel_values": (2, 16, 48), "pixel_position_ids": (2, 16, 2)},
    "Moonshine": {"encoder_padding_mask": (1600,)},
    "Gemma4AudioEncoder": {"audio_mel": (24, 16), "audio_mel_mask": (24,)},
}


# Arguments of tasks that have no default, apart from the backbone.
TASKS: dict[str, dict[str, Any]] = {
    "DepthAnythingDepthEstimator": {"depth_estimation_type": "relative"},
    "Gemma4AssistantCausalLM": {
        "backbone_hidden_size": 24,
        "num_centroids": 5,
        "centroid_intermediate_top_k": 2,
        "use_ordered_embeddings": False,
    },
}
# Tasks of another backbone than the one of this name.
OTHERS: dict[str, Maker] = {"BLIP2Seq2SeqLM": lambda: blip2(blip2_t5)}


def make(name: str) -> Any:
    """Return the backbone or the task of that name, with random weights."""
    if name in BACKBONES:
        return BACKBONES[name]()
    task = getattr(hub, name)
    parameters = inspect.signature(task.__init__).parameters
    given: dict[str, Any] = dict(TASKS.get(name, {}))
    if "num_classes" in parameters:
        given["num_classes"] = 5
    if "preprocessor" in parameters:
        given["preprocessor"] = None
    made = OTHERS.get(name) or BACKBONES[_backbone(task)]
    return task(backbone=made(), **given)


def _backbone(task: Any) -> str:
    return next(name for name in BACKBONES if getattr(hub, name) is task.backbone_cls)


def names() -> list[str]:
    """Return the names of all backbones and tasks, each class once, in alphabetic order."""
    found: dict[type, str] = {}
    for name in sorted(dir(hub)):
        kind = getattr(hub, name)
        if isinstance(kind, type) and issubclass(kind, keras.Model) and not _is_abstract(kind):
            found.setdefault(kind, kind.__name__ if hasattr(hub, kind.__name__) else name)
    return sorted(found.values())


def _is_abstract(kind: Any) -> bool:
    """Tell whether a class is there for others to be made of."""
    if issubclass(kind, hub.Task):
        return kind.backbone_cls is None
    return kind in (hub.Backbone, hub.FeaturePyramidBackbone)


def input_shapes(name: str, model: Any) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a model's inputs, without the batch, with numbers for open sides."""
    if not hasattr(model, "inputs"):
        return SHAPES[name]
    own = next((SHAPES[one] for one in _families(name) if one in SHAPES), {})
    return {one.name: own.get(one.name) or _sizes(one.name, one.shape[1:]) for one in model.inputs}


def _families(name: str) -> list[str]:
    """Return the beginnings of a name that end before a capital letter, the longest first."""
    ends = [place for place, letter in enumerate(name) if place and letter.isupper()]
    return [name, *(name[:end] for end in reversed(ends))]


def _sizes(name: str, shape: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(LENGTHS.get(name, 64) if side is None else side for side in shape)
