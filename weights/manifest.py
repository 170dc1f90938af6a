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

WEIGHTS = (CAPSNET,)
