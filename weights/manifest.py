"""Every file of weights this project uses: where it is, what it must be, and who made it from what."""

from weights import File, Weights

CAPSNET = Weights(
    name="capsnet",
    licence="MIT",
    trained="by this project on the 60,000 MNIST training digits: weights/train/capsnet.py on a CPU, 20 epochs, seed 0",
    embedded=File(
        "capsnet.safetensors", sha256="87b36550e11f6be67b55150f20c5fad291065521c41ef25abb79a522e40c68db", size=16432032
    ),
    figures={"test_error_percent": 9.99},
)

WEIGHTS = (CAPSNET,)
