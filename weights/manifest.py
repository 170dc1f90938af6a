"""Every file of weights this project uses: where it is, what it must be, and who made it from what."""

from weights import File, Weights

CAPSNET = Weights(
    name="capsnet",
    licence="MIT",
    trained="by this project on the 60,000 MNIST training digits: weights/train/capsnet.py on a CPU, 20 epochs, seed 0",
    embedded=File(
        "capsnet.safetensors", sha256="df11f6a014b3f5badf32a29404b9986e569e0309ec572ac9f64fd82a7df2fe33", size=16432032
    ),
    figures={"test_error_percent": 9.99},
)

WEIGHTS = (CAPSNET,)
