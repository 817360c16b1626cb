"""Small settings of the backbones of KerasHub that take images."""

from __future__ import annotations

from typing import Any

from keras_hub import models as hub

RESNET = {
    "input_conv_filters": [8],
    "input_conv_kernel_sizes": [7],
    "stackwise_num_filters": [64, 16, 20, 24],
    "stackwise_num_blocks": [1, 2, 1, 1],
    "stackwise_num_strides": [1, 2, 2, 2],
    "block_type": "bottleneck_block",
}
MIT = {
    "layerwise_depths": [1, 2],
    "num_layers": 2,
    "layerwise_num_heads": [1, 2],
    "layerwise_sr_ratios": [4, 2],
    "max_drop_path_rate": 0.1,
    "layerwise_patch_sizes": [7, 3],
    "layerwise_strides": [4, 2],
    "image_shape": (64, 64, 3),
    "hidden_dims": [8, 20],
}
VIT = {
    "image_shape": (32, 32, 3),
    "num_layers": 2,
    "num_heads": 3,
    "hidden_dim": 24,
    "patch_size": 8,
}
SWIN = {"image_shape": (32, 64, 3), "embed_dim": 24, "depths": (2, 2), "num_heads": (2, 4)}


def resnet(**given: Any) -> Any:
    """Return resnet at small sizes."""
    return hub.ResNetBackbone(**RESNET, **given)


def vision(family: str, **given: Any) -> Any:
    """Return vision at small sizes."""
    made = getattr(hub, f"{family}VisionEncoder")
    return made(16, 24, 2, 3, 40, image_shape=(32, 32, 3), name="vision_encoder", **given)


def vae() -> Any:
    """Return vae at small sizes."""
    from keras_hub.src.models.vae.vae_backbone import VAEBackbone

    return VAEBackbone([32] * 4, [1] * 4, [32] * 4, [1] * 4, sampler_method="mode", name="vae")


def diffusion() -> Any:
    """Return diffusion at small sizes."""
    clips = {
        name: hub.CLIPTextEncoder(50, size, size, 2, 2, 40, activation, -2, name=name)
        for name, size, activation in (("clip_l", 32, "quick_gelu"), ("clip_g", 64, "gelu"))
    }
    return hub.StableDiffusion3Backbone(
        2, 32, 2, 2, 192, None, None, vae(), **clips, image_shape=(64, 64, 3)
    )


def flux() -> Any:
    """Return flux at small sizes."""
    return hub.FluxBackbone(
        input_channels=64,
        hidden_size=256,
        mlp_ratio=2.0,
        num_heads=4,
        depth=1,
        depth_single_blocks=2,
        axes_dim=[8, 28, 28],
        theta=10_000,
        use_bias=True,
        guidance_embed=True,
        image_shape=(16, 64),
        text_shape=(12, 64),
        image_ids_shape=(16, 3),
        text_ids_shape=(12, 3),
        y_shape=(48,),
    )


def hgnet(**given: Any) -> Any:
    """Return hgnet at small sizes."""
    return hub.HGNetV2Backbone(
        depths=[1, 1],
        embedding_size=8,
        hidden_sizes=[16, 32],
        stem_channels=[3, 8, 8],
        hidden_act="relu",
        use_learnable_affine_block=True,
        stackwise_stage_filters=[[8, 8, 16, 1, 1, 3], [16, 8, 32, 1, 1, 3]],
        apply_downsample=[False, True],
        use_lightweight_conv_block=[False, True],
        image_shape=(None, None, 3),
        **given,
    )


def dfine() -> Any:
    """Return dfine at small sizes."""
    return hub.DFineBackbone(
        backbone=hgnet(out_features=["stage1", "stage2"]),
        decoder_in_channels=[16, 16],
        encoder_hidden_dim=16,
        num_labels=4,
        num_denoising=10,
        learn_initial_query=False,
        num_queries=10,
        anchor_image_size=(32, 32),
        feat_strides=[4, 8],
        num_feature_levels=2,
        hidden_dim=16,
        encoder_in_channels=[16, 32],
        encode_proj_layers=[1],
        num_attention_heads=2,
        encoder_ffn_dim=40,
        num_encoder_layers=1,
        hidden_expansion=0.5,
        depth_multiplier=0.5,
        eval_idx=-1,
        num_decoder_layers=3,
        decoder_attention_heads=2,
        decoder_ffn_dim=40,
        decoder_n_points=[2, 2],
        lqe_hidden_dim=16,
        num_lqe_layers=2,
        out_features=["stage1", "stage2"],
        image_shape=(32, 32, 3),
        seed=0,
    )


def mobilenet() -> Any:
    """Return mobilenet at small sizes."""
    return hub.MobileNetBackbone(
        stackwise_expansion=[[40, 56], [64, 144]],
        stackwise_num_blocks=[2, 2],
        stackwise_num_filters=[[16, 16], [24, 24]],
        stackwise_kernel_size=[[3, 3], [5, 5]],
        stackwise_num_strides=[[2, 1], [2, 1]],
        stackwise_se_ratio=[[None, None], [0.25, 0.25]],
        stackwise_activation=[["relu", "relu"], ["hard_swish", "hard_swish"], ["hard_swish"]],
        stackwise_padding=[[1, 1], [2, 2]],
        output_num_filters=96,
        depthwise_filters=8,
        depthwise_stride=2,
        depthwise_residual=False,
        last_layer_filter=112,
        squeeze_and_excite=0.5,
        image_shape=(64, 96, 3),
    )


def mobilenet_v5(**given: Any) -> Any:
    """Return mobilenet_v5 at small sizes."""
    stages = {
        "block_types": [["er"], ["uir", "mqa"]],
        "num_blocks": [1, 2],
        "num_filters": [[24], [48, 48]],
        "strides": [[2], [2, 1]],
        "act_layers": [["relu"], ["relu", "relu"]],
        "exp_ratios": [[4.0], [6.0, 1.0]],
        "se_ratios": [[0.0], [0.0, 0.0]],
        "dw_kernel_sizes": [[0], [5, 3]],
        "dw_start_kernel_sizes": [[0], [3, 0]],
        "dw_end_kernel_sizes": [[0], [0, 0]],
        "exp_kernel_sizes": [[3], [0, 0]],
        "pw_kernel_sizes": [[1], [0, 0]],
        "num_heads": [[0], [0, 4]],
        "key_dims": [[0], [0, 8]],
        "value_dims": [[0], [0, 8]],
        "kv_strides": [[0], [0, 2]],
        "use_cpe": [[False], [False, False]],
    }
    return hub.MobileNetV5Backbone(
        **{f"stackwise_{name}": value for name, value in stages.items()},
        **{"image_shape": (32, 64, 3), "stem_size": 16, "use_msfa": False, **given},
    )


def sam() -> Any:
    """Return sam at small sizes."""
    from keras_hub.src.models.sam.sam_mask_decoder import SAMMaskDecoder
    from keras_hub.src.models.sam.sam_prompt_encoder import SAMPromptEncoder

    return hub.SAMBackbone(
        image_encoder=vit_det(),
        prompt_encoder=SAMPromptEncoder(
            hidden_size=8,
            image_embedding_size=(4, 4),
            input_image_size=(32, 32),
            mask_in_channels=12,
        ),
        mask_decoder=SAMMaskDecoder(
            num_layers=2,
            hidden_size=8,
            intermediate_dim=20,
            num_heads=2,
            embedding_dim=8,
            num_multimask_outputs=3,
            iou_head_depth=3,
            iou_head_hidden_dim=12,
        ),
    )


def vit_det() -> Any:
    """Return vit_det at small sizes."""
    return hub.ViTDetBackbone(
        hidden_size=24,
        num_layers=2,
        intermediate_dim=40,
        num_heads=3,
        global_attention_layer_indices=[1],
        image_shape=(32, 32, 3),
        patch_size=8,
        num_output_channels=8,
        window_size=2,
    )


def sam3() -> Any:
    """Return sam3 at small sizes."""
    from keras_hub.src.models.sam3 import (
        sam3_detr_decoder,
        sam3_detr_encoder,
        sam3_geometry_encoder,
        sam3_mask_decoder,
        sam3_text_encoder,
        sam3_vision_encoder,
    )

    sizes = {"hidden_dim": 16, "intermediate_dim": 28, "num_heads": 2}
    return hub.SAM3PromptableConceptBackbone(
        vision_encoder=sam3_vision_encoder.SAM3VisionEncoder(
            image_shape=(56, 56, 3),
            patch_size=14,
            num_layers=2,
            **sizes,
            fpn_hidden_dim=16,
            fpn_scale_factors=[4.0, 2.0, 1.0, 0.5],
            pretrain_image_shape=(28, 28, 3),
            window_size=2,
            global_attn_indexes=[1],
        ),
        text_encoder=sam3_text_encoder.SAM3TextEncoder(
            vocabulary_size=50, embedding_dim=16, num_layers=2, **sizes
        ),
        geometry_encoder=sam3_geometry_encoder.SAM3GeometryEncoder(
            num_layers=2, **sizes, roi_size=7
        ),
        detr_encoder=sam3_detr_encoder.SAM3DetrEncoder(num_layers=2, **sizes),
        detr_decoder=sam3_detr_decoder.SAM3DetrDecoder(
            image_shape=(56, 56, 3), patch_size=14, num_layers=2, num_queries=6, **sizes
        ),
        mask_decoder=sam3_mask_decoder.SAM3MaskDecoder(
            num_upsampling_stages=3, hidden_dim=16, num_heads=2
        ),
    )


def dinov2(**given: Any) -> Any:
    """Return dinov2 at small sizes."""
    sizes = {**VIT, "patch_size": 8, "intermediate_dim": 40, "position_embedding_shape": (64, 64)}
    return hub.DINOV2Backbone(**{**sizes, "num_register_tokens": 2, **given})


def vit(**given: Any) -> Any:
    """Return vit at small sizes."""
    return hub.ViTBackbone(**{**VIT, "patch_size": (8, 8), "mlp_dim": 40, **given})


def parseq() -> Any:
    """Return parseq at small sizes."""
    return hub.PARSeqBackbone(
        image_encoder=vit(image_shape=(32, 64, 3), patch_size=(4, 8), use_class_token=False),
        vocabulary_size=50,
        max_label_length=11,
        decoder_hidden_dim=24,
        num_decoder_layers=1,
        num_decoder_heads=2,
        decoder_mlp_dim=40,
    )
