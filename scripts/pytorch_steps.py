"""The same objective and optimizer in PyTorch, in plain code, to be timed beside ours. No TensorFlow here.

Only for the `balanced` normalization with maximum pooling, and for the settings of `problem.PLAIN`.
"""

import os

import numpy as np
import torch
from problem import DECAYING, Problem, Take
from torch.nn import functional

Maps = dict[str, torch.Tensor]  # layer: (1, c, h, w)


class Objective:
    """The objective in one precision and layout of memory, on a device."""

    def __init__(self, problem: Problem, precision: str = "float32", channels_last: bool = False, device: str = "cpu"):
        self.config, self.constants, self.channels_last = problem.config, problem.constants, channels_last
        self.precision, self.device = getattr(torch, precision), device
        self.kernels = {name: self._convolution(*weights) for name, weights in problem.kernels.items()}
        self.content_layers = [layer.name for layer in self.config.layers_used("content")]
        self.style_layers = [layer.name for layer in self.config.layers_used("style")]
        self.means = torch.tensor(self.constants.means, device=device)[:, None, None]
        with torch.no_grad():
            shown = self.tensor(problem.content)
            self.content = {name: self.features(shown)[name].float() for name in self.content_layers}
            seen = self.features(self.tensor(problem.style))
            self.style = {name: self.gram(seen[name]) for name in self.style_layers}
            area = shown.shape[2] * shown.shape[3]
            self.variation_scale = area * max(float(squared_variation(shown)) / area, self.constants.flattest)

    def tensor(self, picture: np.ndarray) -> torch.Tensor:
        """Returns a picture (1, h, w, 3) as (1, 3, h, w), in the layout chosen."""
        return self._laid_out(torch.from_numpy(np.array(picture)).to(self.device).permute(0, 3, 1, 2))

    def features(self, picture: torch.Tensor) -> Maps:
        """Returns the network's feature maps."""
        seen: Maps = {}
        values, block = (255.0 * picture.flip(1) - self.means).to(self.precision), "1"
        for name, (kernel, bias) in self.kernels.items():
            if name[len("block")] != block:
                values, block = functional.max_pool2d(values, 2), name[len("block")]
            values = functional.conv2d(values, kernel, bias, padding=1).relu_()
            seen[name] = values
        return seen

    def gram(self, features: torch.Tensor) -> torch.Tensor:
        """Returns the Gram matrix per position, (1, c, c), of (1, c, h, w), by a product that suits the layout."""
        features = features.float()
        if self.channels_last:
            rows = features.permute(0, 2, 3, 1).flatten(1, 2)
            return rows.transpose(1, 2) @ rows / rows.shape[1]
        columns = features.flatten(2)
        return columns @ columns.transpose(1, 2) / columns.shape[2]

    def loss(self, picture: torch.Tensor) -> torch.Tensor:
        """Returns the weighted total: ()."""
        seen = self.features(picture)
        content = sum(
            self.distance(seen[name].float(), target, target.numel()) for name, target in self.content.items()
        )
        style = sum(
            self.distance(self.gram(seen[name]), target, target.shape[-1]) for name, target in self.style.items()
        )
        return (
            self.config.content_weight * content / len(self.content)
            + self.config.style_weight * style / len(self.style)
            + self.config.variation_weight * squared_variation(picture) / self.variation_scale
        )

    def distance(self, values: torch.Tensor, target: torch.Tensor, faint: int) -> torch.Tensor:
        """Returns the squared distance relative to the target, which is taken for so faint at least."""
        scale = target.square().sum() + self.constants.faintest * faint
        return (values - target).square().sum() / scale

    def _convolution(self, kernel: np.ndarray, bias: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        weights = torch.from_numpy(kernel).permute(3, 2, 0, 1).to(self.device, self.precision)
        return self._laid_out(weights), torch.from_numpy(bias).to(self.device, self.precision)

    def _laid_out(self, values: torch.Tensor) -> torch.Tensor:
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return values.contiguous(memory_format=layout)


def squared_variation(picture: torch.Tensor) -> torch.Tensor:
    """Returns sum dx^2 + dy^2: ()."""
    return picture.diff(dim=2).square().sum() + picture.diff(dim=3).square().sum()


def pytorch_steps(
    problem: Problem,
    precision: str = "float32",
    channels_last: bool = False,
    device: str = "cpu",
    compiled: bool = False,
) -> Take:
    """Returns what takes Adam's steps from the first picture, on all cores or a GPU; `compiled` by PyTorch."""
    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    config, objective = problem.config, Objective(problem, precision, channels_last, device)
    loss_of = torch.compile(objective.loss) if compiled else objective.loss
    picture = objective.tensor(problem.first).requires_grad_()
    betas = (config.beta_1, config.beta_2)
    optimizer = torch.optim.Adam([picture], config.learning_rate, betas, config.epsilon, fused=True)
    decay = config.decay_rate ** (1 / (config.decay_steps or DECAYING // 3))
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay)

    def take(count: int) -> float:
        for _ in range(count):
            optimizer.zero_grad()
            loss = loss_of(picture)
            loss.backward()
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                picture.clamp_(0.0, 1.0)
        return float(loss.detach())

    return take
