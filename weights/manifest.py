"""Every file of weights this project uses: where it is, what it must be, and who made it from what."""

from weights import File, GraphFile, HubFile, OnnxFile, TorchvisionFile, Weights

CAPSNET = Weights(
    name="capsnet",
    licence="MIT",
    trained="by this project on the 60,000 MNIST training digits: weights/train/capsnet.py on a CPU, 20 epochs, seed 0",
    embedded=File(
        "capsnet.safetensors",
        sha256="d3e55007d7177c16f3aec5065eb2c9071dad3cbf6c61ff797707274dfbede254",
        size=16_432_032,
    ),
    figures={"test_error_percent": 0.35},
)

INFOGAN = Weights(
    name="infogan",
    licence="MIT",
    trained="by this project on the 60,000 MNIST training digits: weights/train/infogan.py on a CPU, 16 epochs, "
    "seed 0, the best of 0 to 2",
    embedded=File(
        "infogan.safetensors",
        sha256="d51cb188aa4c76d7e2378f405a518d5514b82ee371cf0addecddc3cb5689f189",
        size=7_473_576,
    ),
    figures={
        "c1_error_percent": 0.98,
        "mutual_information_nats": 2.302,
        "classifier_agreement_percent": 99.79,
        "c2_abs_spearman": 0.947,
        "c3_abs_spearman": 0.978,
        "digit_information_nats": 2.287,
        "twin_digit_information_nats": 0.032,
        "judge_error_percent": 0.64,
    },
)

INCEPTIONS = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
BRANCHES = ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")

BVLC_GOOGLENET = Weights(
    name="bvlc_googlenet",
    licence="unrestricted use",
    trained="by BVLC, Berkeley, on the 1.2 million pictures of ImageNet 2012: the net of the original DeepDream",
    hub=OnnxFile(
        "googlenet-3.onnx",
        sha256="d82fa612d088caa23cb4bc25c9a978e139bd5ca3801da6774815ba416ecc4c12",
        size=28_000_000,
        repo="onnxmodelzoo/googlenet-3",
        commit="main",
        layers=(
            "conv1.conv",
            "conv2.conv",
            "conv3.conv",
            *(f"inception{module}.{branch}.conv" for module in INCEPTIONS for branch in BRANCHES),
            "fc",
        ),
    ),
    own=File(
        "bvlc_googlenet/model.safetensors",
        sha256="3dd4478c3120aa0e5423d31825d8aec34bfa39ea3bb297e111a5ccb2470b9153",
        size=28_005_912,
    ),
)

THIN_GOOGLENET = Weights(
    name="thin_googlenet",
    licence="MIT",
    trained="by this project on 16,644 pictures of Imagenette and Imagewoof and on what bvlc_googlenet says of them: "
    "weights/train/features.py on a CPU, 12 epochs, seed 0",
    embedded=File(
        "thin_googlenet.safetensors",
        sha256="f974628e1f7cf181ff7e2963b341317ad00ee8ef39205d2a94f77999263fc497",
        size=3_551_088,
    ),
    figures={
        "accuracy_percent": 83.57,
        "teacher_correlation_inception_3b": 0.711,
        "teacher_correlation_inception_4c": 0.737,
    },
)

TORCHVISION_GOOGLENET = Weights(
    name="torchvision_googlenet",
    licence="BSD-3-Clause",
    trained="by torchvision's authors, ported from TensorFlow's, on the 1.2 million pictures of ImageNet 2012",
    torchvision=TorchvisionFile("googlenet-1378be20.pth", sha256="1378be20", weight="GoogLeNet_Weights.IMAGENET1K_V1"),
)

INCEPTION_V3_BYTES: dict = {
    "sha256": "9c452c63a67fd03a38a78c401ba12d4be0e926df63c93403de3a29f6df20fefb",
    "size": 95_500_000,
}
INCEPTION_V3 = Weights(
    name="inception_v3",
    licence="Apache-2.0",
    trained="by torchvision's authors, ported from TensorFlow's, on the 1.2 million pictures of ImageNet 2012",
    hub=HubFile(
        "model.safetensors",
        **INCEPTION_V3_BYTES,
        repo="timm/inception_v3.tv_in1k",
        commit="main",
    ),
    own=File(
        "inception_v3/model.safetensors",
        **INCEPTION_V3_BYTES,
    ),
)

VGG19_BYTES: dict = {
    "sha256": "11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669",
    "size": 575_000_000,
    "only": "features.",
}
VGG19 = Weights(
    name="vgg19",
    licence="BSD-3-Clause",
    trained="by torchvision's authors on the 1.2 million pictures of ImageNet 2012: its convolutions, balanced here",
    hub=HubFile(
        "model.safetensors",
        **VGG19_BYTES,
        repo="timm/vgg19.tv_in1k",
        commit="128d4708565b3a414bcbb9bbad440b2fe37b9f18",
    ),
    own=File(
        "vgg19/model.safetensors",
        **VGG19_BYTES,
    ),
)

THIN_VGG19 = Weights(
    name="thin_vgg19",
    licence="MIT",
    trained="by this project on 16,644 pictures of Imagenette and Imagewoof and on what three nets say of them: "
    "weights/train/features.py on a CPU, 16 epochs, seed 0",
    embedded=File(
        "thin_vgg19.safetensors",
        sha256="b128a7c4c4e33a8e7019ce84750ac54628d0e4045a74361e2277116841d81967",
        size=1_622_432,
    ),
    figures={
        "style_agreement_relu1_1": 0.878,
        "style_agreement_relu2_1": 0.701,
        "style_agreement_relu3_1": 0.859,
        "style_agreement_relu4_1": 0.827,
        "style_agreement_relu5_1": 0.862,
    },
)

# --- teachers of the thin VGG-19, which the app never asks for ------------------------------------

VGG19_TO_RELU3_1 = Weights(
    name="vgg19_normalised_to_relu3_1",
    licence="CC BY 4.0",
    trained="by the Visual Geometry Group, Oxford, on ImageNet 2012, and balanced by L. Gatys",
    own=File(
        "vgg19_normalised_to_relu3_1/model.safetensors",
        sha256="65d099bd5a8d58540b3e42092ad0db11d7230232300e05fc9d807f3ab8aaf838",
        size=2_222_168,
    ),
)

WCT_ENCODER = Weights(
    name="wct_encoder",
    licence="MIT",
    trained="by H. Wang et al., distilled from VGG-19: Collaborative Distillation, 16 times smaller, encoder 5",
    own=File(
        "wct_16x/encoder5.safetensors",
        sha256="dbf5b7de4cc0a494302e747f972a7b8d4df45706dd872d3e067b59ac69d2182a",
        size=3_859_784,
    ),
)

SQUEEZENET = Weights(
    name="squeezenet1_1",
    licence="BSD-3-Clause",
    trained="by torchvision's authors, ported from F. Iandola's, on ImageNet 2012",
    torchvision=TorchvisionFile(
        "squeezenet1_1-b8a52dc0.pth", sha256="b8a52dc0", weight="SqueezeNet1_1_Weights.IMAGENET1K_V1"
    ),
    own=File(
        "squeezenet1_1/model.safetensors",
        sha256="06ac41c5fc4dda298bac201e2bb047454a33dca84f4bc51e15110972fe9a75e9",
        size=4_946_904,
    ),
)

YOLOX_S = Weights(
    name="yolox_s",
    licence="Apache-2.0",
    trained="by Megvii on the 118,287 pictures of COCO 2017",
    hub=GraphFile(
        "object_detection_yolox_2022nov.onnx",
        sha256="c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
        size=35_858_002,
        repo="opencv/object_detection_yolox",
        commit="main",
    ),
    figures={"coco_ap": 0.405},  # Ge et al. 2021, table 2, at 640 px
)

YOLOX_STREET = Weights(
    name="yolox_street",
    licence="MIT",
    trained="by this project on 2,043 photographs and on what COCO's YOLOX-nano says of them and of 1,000 more: "
    "weights/train/yolo.py on a CPU, 36 epochs, seed 0",
    embedded=File(
        "yolox_street.safetensors",
        sha256="836f75eeaedd3f67f7141f5d6f9826de9a263549efabf418b8d9feb6f4746661",
        size=1_803_524,
    ),
    figures={"street_ap50": 0.412},
)

YOLOX_DIGITS = Weights(
    name="yolox_digits",
    licence="MIT",
    trained="by this project on scenes of the 60,000 MNIST training digits: weights/train/yolo.py on a CPU, 40 epochs, "
    "seed 0",
    embedded=File(
        "yolox_digits.safetensors",
        sha256="124728551bb0d7272cec95675ac342e88db1e163d71492363d9b9131768f3db1",
        size=878_552,
    ),
    figures={"digits_map50": 0.971, "digits_map50_95": 0.852},
)

YOLOX_NANO = Weights(
    name="yolox_nano",
    licence="Apache-2.0",
    trained="by Megvii on the 118,287 pictures of COCO 2017",
    own=File(
        "yolox_nano_coco/model.safetensors",
        sha256="a1cfa29d2633de32f3de15b67f0a55374aa8982b7fd534f42f275f49a35cf58c",
        size=3_767_428,
    ),
)

EIGENFACES = Weights(
    name="eigenfaces",
    licence="MIT",
    trained="by this project on the 400 ORL faces of AT&T Laboratories Cambridge (Samaria, Harter 1994): "
    "weights/train/eigenfaces.py, seconds on any machine",
    embedded=File(
        "eigenfaces.safetensors",
        sha256="5f0dbd2e72bcc88b902e9500bdee04574b67b06f100ee3d5b8fbec9b637265a3",
        size=3_677_634,
    ),
    figures={
        "recognition_percent": 95.95,
        "recognition_unshifted_percent": 93.4,
        "orl_auc": 0.986,
        "lfwcrop_auc": 0.897,
        "occlusion_ratio_block": 0.387,
        "occlusion_ratio_band": 0.386,
        "robust_ratio": 1.109,
    },
)

WEIGHTS = (
    *(CAPSNET, INFOGAN),
    *(BVLC_GOOGLENET, THIN_GOOGLENET, TORCHVISION_GOOGLENET, INCEPTION_V3),
    *(VGG19, THIN_VGG19, VGG19_TO_RELU3_1, WCT_ENCODER, SQUEEZENET),
    *(YOLOX_S, YOLOX_STREET, YOLOX_DIGITS, YOLOX_NANO),
    EIGENFACES,
)
