"""The parts of `train_fashion_mnist.py`: data, devices, speed, accuracy, and resuming."""
