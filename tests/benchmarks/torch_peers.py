"""Opacus and BackPACK on the workloads, each by its own fastest way, and their results as the emitted code's."""

import warnings
from importlib.util import find_spec

import numpy as np

NAMES = tuple(name for name in ("opacus", "backpack") if find_spec(name) and find_spec("torch"))
"""Those that are installed."""


class Network:
    """A workload as PyTorch's modules.

    Args:
        given: the arguments of the emitted code: data, labels, then weights and biases in turn.
        clip: the norm that gradients are clipped to.
    """

    def __init__(self, given, clip):
        import torch

        torch.set_num_threads(1)
        self.torch, self.clip, self.given = torch, clip, given
        self.count, self.one = len(given[0]), given[2].ndim == 1  # one logit, or several classes
        self.x, self.y = torch.from_numpy(given[0]), torch.from_numpy(given[1])
        self.y = self.y[:, None] if self.one else self.y
        self.loss = torch.nn.BCEWithLogitsLoss if self.one else torch.nn.CrossEntropyLoss

    def module(self):
        """A new module with the workload's parameters."""
        nn, parameters = self.torch.nn, [np.array(p) for p in self.given[2:]]
        layers = []
        for weight, bias in zip(parameters[0::2], parameters[1::2], strict=True):
            matrix = weight.reshape(len(weight), -1)
            layer = nn.Linear(*matrix.shape).to(self.x.dtype)
            with self.torch.no_grad():
                layer.weight.copy_(self.torch.from_numpy(matrix.T.copy()))
                layer.bias.copy_(self.torch.from_numpy(bias.reshape(-1)))
            layers += [layer, nn.Tanh()]
        return nn.Sequential(*layers[:-1])

    def shaped(self, names, found, *, each=False):
        """Arrays by parameter, with the axes of the emitted code's."""
        front = (self.count,) if each else ()
        arrays = [np.asarray(part.detach()) for part in found]
        turned = [np.swapaxes(a, -1, -2) if a.ndim == 2 + each else a for a in arrays]
        return {n: a.reshape((*front, *p.shape)) for n, a, p in zip(names, turned, self.given[2:], strict=True)}

    def jobs(self, peer, names):
        """The jobs of a peer, each as a call and what makes its result comparable."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._opacus(names) if peer == "opacus" else self._backpack(names)

    def _opacus(self, names):
        from opacus.grad_sample import GradSampleModule, GradSampleModuleFastGradientClipping
        from opacus.utils.fast_gradient_clipping_utils import DPTensorFastGradientClipping

        plain = GradSampleModule(self.module(), loss_reduction="mean")
        ghosts = [
            GradSampleModuleFastGradientClipping(
                self.module(), loss_reduction="mean", max_grad_norm=self.clip, use_ghost_clipping=True
            )
            for _ in range(2)
        ]
        mean, alone = self.loss(reduction="mean"), self.loss(reduction="none")

        def gradients():
            for p in plain.parameters():
                p.grad_sample = p.grad = None
            mean(plain(self.x), self.y).backward()
            return [p.grad_sample for p in plain.parameters()]

        def norms():
            for p in ghosts[0].parameters():
                p.grad = p._norm_sample = None
            mean(ghosts[0](self.x), self.y).backward()
            return ghosts[0].get_norm_sample()

        class Optimizer:
            """Stands in for one: only its ``zero_grad`` is called."""

            def zero_grad(self):
                for p in ghosts[1].parameters():
                    p.grad = None

        optimizer = Optimizer()

        def clipped():
            optimizer.zero_grad()
            ghosts[1].enable_hooks()
            for p in ghosts[1].parameters():
                p._norm_sample = None
            losses = alone(ghosts[1](self.x), self.y).reshape(self.count)
            DPTensorFastGradientClipping(ghosts[1], optimizer, losses, "mean").backward()
            return [p.grad for p in ghosts[1].parameters()]

        return {
            "per_sample_gradients": (gradients, lambda r: self.shaped(names, r, each=True)),
            "per_sample_norms": (norms, lambda r: np.asarray(r.detach()).reshape(self.count)),
            "clipped_mean_gradient": (clipped, lambda r: self.shaped(names, [g / self.count for g in r])),
        }

    def _backpack(self, names):
        from backpack import backpack, extend
        from backpack.extensions import BatchGrad, BatchL2Grad, SumGradSquared

        module, loss = extend(self.module()), extend(self.loss(reduction="sum"))

        def with_extension(extension, attribute):
            for p in module.parameters():
                p.grad = None
                setattr(p, attribute, None)
            value = loss(module(self.x), self.y)
            with backpack(extension()):
                value.backward()
            return [getattr(p, attribute) for p in module.parameters()]

        return {
            "per_sample_gradients": (
                lambda: with_extension(BatchGrad, "grad_batch"),
                lambda r: self.shaped(names, r, each=True),
            ),
            "per_sample_norms": (
                lambda: self.torch.sqrt(sum(with_extension(BatchL2Grad, "batch_l2"))),
                lambda r: np.asarray(r.detach()).reshape(self.count),
            ),
            "second_moment": (
                lambda: [g / self.count for g in with_extension(SumGradSquared, "sum_grad_squared")],
                lambda r: self.shaped(names, r),
            ),
        }
