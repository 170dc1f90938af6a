"""Every file of weights this project uses: where it is, what it must be, and who made it from what."""

from weights import File, Weights

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

WEIGHTS = (CAPSNET, INFOGAN)
