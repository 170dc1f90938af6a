"""Every file of weights this project uses: where it is, what it must be, and who made it from what."""

from typing import Any

from weights import Card, File, GraphFile, HubFile, OnnxFile, TorchvisionFile, Weights

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
    card=Card(
        net="A CapsNet ([Sabour, Frosst, Hinton 2017](https://arxiv.org/abs/1710.09829)) and its decoder: "
        "`models/nets/capsnet.py`, 8,215,568 parameters in float16.",
        task="image-classification",
        recipe="python -m weights.train.capsnet",
        data="The 60,000 training digits of MNIST (Y. LeCun, C. Cortes, C. Burges), shifted by up to 2 pixels.",
        measured="The share of MNIST's 10,000 test digits that are read wrongly; the paper has 0.25 %.",
        limits="It must explain every picture as one of ten digits: a heart gets a digit too, if a shorter capsule. "
        "It knows only MNIST's handwriting, white on black, 28 × 28, centred: a 7 with a foot is taken for a 2. Few "
        "dimensions of a capsule do one thing alone. Not for reading anything that matters.",
    ),
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
    card=Card(
        net="An InfoGAN ([Chen et al. 2016](https://arxiv.org/abs/1606.03657)) with one category of ten and two "
        "styles, its twin without λ, which is an ordinary GAN, and a judge of digits: `models/nets/infogan.py`, "
        "3,547,897 parameters in float16.",
        task="unconditional-image-generation",
        recipe="python -m weights.train.infogan",
        data="The 60,000 training digits of MNIST (Y. LeCun, C. Cortes, C. Burges). Their labels taught the judge, "
        "chose among three seeds and matched categories to digits, and nothing else.",
        measured="How many of MNIST's 10,000 test digits c1 sorts wrongly (the paper: 5 %), and the judge reads "
        "wrongly; L_I, the mutual information, of ln 10 = 2.303 nats; on how many of 10,000 samples the judge agrees "
        "with their category; the rank correlation within a digit of c2 with slant and of c3 with thickness; what c1 "
        "tells about the digit that the judge sees, in the InfoGAN and in its twin.",
        limits="Another seed may never part 3 from 5. It had two helps that the paper's had not: it also learned that "
        "a real digit, slightly moved, keeps its category, and Q sees c3 only in what holds all over a picture. A "
        "drawing comes back as a digit of its kind, not as itself. Beyond ±1 of a style, strokes dissolve.",
    ),
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
    card=Card(
        net="A GoogLeNet ([Szegedy et al. 2014](https://arxiv.org/abs/1409.4842)) of half the channels, at the top a "
        "quarter, to dream with: `models/nets/googlenet.py`, 1,768,640 parameters in float16.",
        task="image-classification",
        recipe="python -m weights.train.features --net googlenet",
        data="16,644 pictures of Imagenette and Imagewoof (J. Howard 2019), which are parts of ImageNet, their twenty "
        "labels, what the BVLC GoogLeNet (Berkeley, released for unrestricted use) says of them, and dreams of its "
        "own. ImageNet's terms allow its pictures for research only; none is in this file.",
        measured="The share of 1,850 pictures held back that find their class among twenty, and the mean correlation "
        "of its channels with its teacher's, at two layers.",
        limits="It knows twenty classes, ten of them dogs, and finds dogs where the original also finds birds, "
        "beetles and pagodas. A stand-in for the original where there is no network; not a classifier to build on.",
    ),
)

TORCHVISION_GOOGLENET = Weights(
    name="torchvision_googlenet",
    licence="BSD-3-Clause",
    trained="by torchvision's authors, ported from TensorFlow's, on the 1.2 million pictures of ImageNet 2012",
    torchvision=TorchvisionFile(
        "googlenet-1378be20.pth", sha256="1378be20", weight="GoogLeNet_Weights.IMAGENET1K_V1", size=52_150_000
    ),
)

INCEPTION_V3_BYTES: dict[str, Any] = {
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

VGG19_BYTES: dict[str, Any] = {
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
    card=Card(
        net="VGG-19 ([Simonyan, Zisserman 2014](https://arxiv.org/abs/1409.1556)) to relu5_1 with a quarter of the "
        "channels, balanced as [Gatys et al. 2015](https://arxiv.org/abs/1508.06576) did, for neural style: "
        "`models/nets/vgg.py`, 810,128 parameters in float16.",
        task="image-feature-extraction",
        recipe="python -m weights.train.features --net vgg19 --epochs 16",
        data="16,644 pictures of Imagenette and Imagewoof (J. Howard 2019), which are parts of ImageNet, their "
        "labels, and what three nets say of them: a VGG-19 distilled by H. Wang et al. "
        "([2003.08436](https://arxiv.org/abs/2003.08436), MIT), the real one to relu3_1 (Visual Geometry Group, "
        "Oxford, CC BY 4.0, balanced by L. Gatys) and SqueezeNet 1.1 (torchvision's, BSD-3-Clause). "
        "ImageNet's terms allow its pictures for research only; none is in this file.",
        measured="Over all pairs of 206 pictures held back, how the distances of their Gram matrices correlate with "
        "the real VGG-19's to relu3_1, and with the distilled one's above.",
        limits="It learned from small pictures: its large forms are vaguer than those of the real VGG-19. It feels "
        "textures, not meaning: a face may be painted like a sky. Not a classifier.",
    ),
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
        "squeezenet1_1-b8a52dc0.pth", sha256="b8a52dc0", weight="SqueezeNet1_1_Weights.IMAGENET1K_V1", size=4_960_000
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
    card=Card(
        net="A YOLOX-nano ([Ge et al. 2021](https://arxiv.org/abs/2107.08430)) of five classes, person, car, bus, "
        "train and cat: `models/nets/yolox.py`, 889,838 parameters in float16.",
        task="object-detection",
        recipe="python -m weights.train.yolo --net street --epochs 36",
        data="1,706 photographs with boxes of the five classes, 337 of COCO 2017, 1,000 pictures of Imagenette and "
        "Imagewoof, and what COCO's YOLOX-nano (Megvii, Apache-2.0) says of all of them. The photographs are their "
        "photographers', of many the licence is not known; none is in this file.",
        measured="AP at an IoU of 0.5 on 100 photographs held back, where its teacher has 0.718.",
        limits="It misses many things, and knows five classes: to it a motorcycle is a car. It "
        "shows how a detector works; not for counting or watching people, nor for anything in traffic.",
    ),
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
    card=Card(
        net="A YOLOX ([Ge et al. 2021](https://arxiv.org/abs/2107.08430)) of the ten digits, narrower than any of the "
        "authors': `models/nets/yolox.py`, 430,888 parameters in float16.",
        task="object-detection",
        recipe="python -m weights.train.yolo --net digits",
        data="Scenes without end of the 60,000 training digits of MNIST (Y. LeCun, C. Cortes, C. Burges), one to "
        "twelve in each, half of the digits drawn anew with a pen, over scribbles and ruled paper.",
        measured="Mean AP over the ten digits, at an IoU of 0.5 and over 0.5 to 0.95, on 1,000 scenes of MNIST's test "
        "digits.",
        limits="It knows digits alone, of about 16 to 120 pixels: to it a square is a 0. Of two digits of one kind "
        "that touch, one may go.",
    ),
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
    card=Card(
        net="A face space ([Turk, Pentland 1991](https://doi.org/10.1162/jocn.1991.3.1.71)): the mean face, 170 "
        "eigenfaces and their variances, the weights of 400 faces, and what was measured on pictures left out: "
        "`models/face_space.py`, in float16.",
        task="image-feature-extraction",
        recipe="python -m weights.train.eigenfaces",
        data="The 400 ORL faces of AT&T Laboratories Cambridge, formerly the Olivetti Research Laboratory: forty "
        "people, ten pictures each (F. Samaria, A. Harter 1994). Credit is due to them wherever these are shown.",
        measured="Over ten random halves of each person's pictures, the share recognised, with and without shifted "
        "copies of the known ones; how well the distance from face space parts unseen faces from 176 other pictures, "
        "and LFWcrop's unaligned ones, as area under the curve; of people left out, the error of masked least squares "
        "under a block and under a band over that of plain projection, and what finding the cover costs on top.",
        limits="From the 400 faces' weights their pictures can be rebuilt, as 170 eigenfaces can: they are faces of "
        "real people, who were around one laboratory in 1992 to 1994; four are women, few are dark-skinned, none is a "
        "child, and whoever is unlike them lies farther out. Three pixels of shift move a face as far as the same "
        "person's next picture. It must not be used to recognise anybody, nor to decide about anybody.",
    ),
)

WEIGHTS = (
    *(CAPSNET, INFOGAN),
    *(BVLC_GOOGLENET, THIN_GOOGLENET, TORCHVISION_GOOGLENET, INCEPTION_V3),
    *(VGG19, THIN_VGG19, VGG19_TO_RELU3_1, WCT_ENCODER, SQUEEZENET),
    *(YOLOX_S, YOLOX_STREET, YOLOX_DIGITS, YOLOX_NANO),
    EIGENFACES,
)
