"""Small settings of the backbones of KerasHub that take texts, alone or with images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_hub import models as hub
from kerashub_images import mobilenet_v5, vision

if TYPE_CHECKING:
    from collections.abc import Callable

    Maker = Callable[[], Any]

TEXT = {"vocabulary_size": 50, "num_layers": 2, "hidden_dim": 24, "intermediate_dim": 40}
HEADS = {**TEXT, "num_heads": 3}
SHORT = {**HEADS, "max_sequence_length": 32}
GROUPED = {**TEXT, "num_query_heads": 6, "num_key_value_heads": 2}
EXPERTS = {"num_experts": 4, "top_k": 2}
LINEAR = {
    **GROUPED,
    "num_layers": 4,
    "head_dim": 8,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 5,
    "linear_value_head_dim": 6,
    "linear_conv_kernel_dim": 4,
}
T5GEMMA = {
    "vocabulary_size": 50,
    **{f"{side}_num_layers": 2 for side in ("encoder", "decoder")},
    **{f"{side}_hidden_dim": 24 for side in ("encoder", "decoder")},
    **{f"{side}_num_attention_heads": 6 for side in ("encoder", "decoder")},
    **{f"{side}_num_key_value_heads": 2 for side in ("encoder", "decoder")},
    **{f"{side}_head_dim": 4 for side in ("encoder", "decoder")},
    **{
        f"{side}_layer_types": ["sliding_attention", "full_attention"]
        for side in ("encoder", "decoder")
    },
    "encoder_intermediate_dim": 40,
    "decoder_intermediate_dim": 56,
    "sliding_window": 8,
    "cross_attention_hidden_size": 24,
}


def words(family: str) -> Any:
    """Return words at small sizes."""
    return getattr(hub, f"{family}TextEncoder")(
        50, 24, 24, 2, 3, 40, max_sequence_length=17, name="text_encoder"
    )


def two_towers(family: str, **given: Any) -> Any:
    """Return two_towers at small sizes."""
    return getattr(hub, f"{family}Backbone")(vision(family), words(family), **given)


def blip2_qformer() -> Any:
    """Return blip2_qformer at small sizes."""
    return hub.BLIP2QFormer(
        num_query_tokens=5,
        num_layers=2,
        num_heads=3,
        hidden_dim=24,
        intermediate_dim=40,
        vision_dim=16,
        cross_attention_frequency=2,
        dropout=0.0,
        layer_norm_epsilon=1e-6,
    )


def blip2_vision() -> Any:
    """Return blip2_vision at small sizes."""
    return hub.BLIP2VisionEncoder(
        image_size=32,
        patch_size=8,
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=28,
        use_patch_bias=True,
        use_class_token=True,
        use_mha_bias=True,
        use_mlp_bias=True,
        dropout_rate=0.0,
        layer_norm_epsilon=1e-6,
        initializer_range=0.02,
    )


def blip2_opt() -> Any:
    """Return blip2_opt at small sizes."""
    return hub.BLIP2CustomOPT(**SHORT, num_query_tokens=5, dropout=0.0, qformer_hidden_dim=24)


def blip2_t5() -> Any:
    """Return blip2_t5 at small sizes."""
    return hub.BLIP2FlanT5(**HEADS, num_query_tokens=5, qformer_hidden_dim=24)


def blip2(language: Maker = blip2_opt) -> Any:
    """Return blip2 at small sizes."""
    return hub.BLIP2Backbone(blip2_vision(), blip2_qformer(), language())


def gemma3(**given: Any) -> Any:
    """Return gemma3 at small sizes."""
    encoder = hub.Gemma3VisionEncoder(
        image_size=16,
        patch_size=4,
        pool_size=2,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=20,
        output_dim=24,
    )
    return hub.Gemma3Backbone(**GROUPED, head_dim=4, image_size=16, vision_encoder=encoder, **given)


def gemma3n() -> Any:
    """Return gemma3n at small sizes."""
    from keras_hub.src.models.gemma3n.gemma3n_audio_encoder import Gemma3nAudioEncoder

    audio = Gemma3nAudioEncoder(
        hidden_size=8,
        input_feat_size=16,
        sscp_conv_channel_size=[2, 4],
        sscp_conv_kernel_size=[(3, 3), (3, 3)],
        sscp_conv_stride_size=[(2, 2), (2, 2)],
        sscp_conv_group_norm_eps=1e-5,
        num_hidden_layers=1,
        rms_norm_eps=1e-6,
        gradient_clipping=1.0,
        residual_weight=0.5,
        num_attention_heads=2,
        attention_chunk_size=2,
        num_attention_context_right=1,
        num_attention_context_left=2,
        attention_logit_cap=50.0,
        conv_kernel_size=3,
        reduction_factor=1,
    )
    seen = mobilenet_v5(image_shape=(32, 32, 3), num_features=16)
    return hub.Gemma3nBackbone(
        text_vocab_size=50,
        text_hidden_size=24,
        num_hidden_layers=2,
        pad_token_id=0,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=4,
        intermediate_size=[40, 40],
        hidden_activation="gelu_approximate",
        layer_types=["sliding_attention", "full_attention"],
        sliding_window=4,
        rope_theta=10000.0,
        max_position_embeddings=32,
        vocab_size_per_layer_input=50,
        hidden_size_per_layer_input=6,
        altup_num_inputs=2,
        laurel_rank=3,
        vision_encoder_config=seen.get_config(),
        vision_hidden_size=48,
        audio_encoder_config=audio.get_config(),
        audio_hidden_size=8,
    )


def gemma4(**given: Any) -> Any:
    """Return gemma4 at small sizes."""
    encoder = hub.Gemma4VisionEncoder(
        image_size=16,
        patch_size=4,
        pool_size=2,
        num_layers=2,
        num_heads=2,
        head_dim=4,
        num_key_value_heads=2,
        hidden_dim=8,
        intermediate_dim=20,
        output_dim=24,
    )
    return hub.Gemma4Backbone(**GROUPED, head_dim=4, image_size=16, vision_encoder=encoder, **given)


def smollm3() -> Any:
    """Return smollm3 at small sizes."""
    return hub.SmolLM3Backbone(
        **TEXT,
        num_attention_heads=6,
        num_key_value_heads=2,
        attention_bias=False,
        attention_dropout=0.0,
        rope_layer_enabled_list=[True, False],
        layer_types=["attention", "attention"],
        mlp_bias=False,
        layer_norm_epsilon=1e-5,
        max_position_embeddings=64,
        rope_theta=10000.0,
        partial_rotary_factor=1.0,
    )
