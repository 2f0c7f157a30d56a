"""Lines as real formatters write them: python loggers.py NAME, the name of a function."""

from __future__ import annotations

import logging
import sys
import warnings

LINES = (
    (logging.DEBUG, "queue holds 12 batches"),
    (logging.INFO, "step 100 loss 0.512"),
    (logging.WARNING, "gradient norm 12.5 was clipped to 1.0"),
    (logging.ERROR, "worker 3 did not answer, its batch is drawn again from the shards that are left in the queue"),
    (logging.CRITICAL, "no shards are left"),
)


def logging_() -> None:
    """The standard library: the default, basicConfig, and formats of our own."""
    logging.warning("printed by the handler of last resort")
    formats = (
        "%(levelname)s:%(name)s:%(message)s",
        "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
        "%(asctime)s %(levelname)-8s %(name)s %(message)s",
        "[%(asctime)s][%(name)s][%(levelname)s] - %(message)s",
        "[%(levelname)s] %(asctime)s %(filename)s:%(lineno)d: %(message)s",
        "%(asctime)s | %(levelname)s | %(name)s | %(message)s",
        "%(asctime)s.%(msecs)03d [%(process)d] %(levelname)s %(message)s",
        "%(levelname)s %(asctime)s %(name)s:%(lineno)d] %(message)s",
        "%(name)s %(levelname)s: %(message)s",
    )
    for form in formats:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(form))
        logger = logging.getLogger("train.loop")
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.DEBUG)
        for level, text in LINES:
            logger.log(level, text)


def loguru() -> None:
    """loguru as it comes, with an exception."""
    from loguru import logger

    for level, text in LINES:
        logger.log(logging.getLevelName(level), text)
    logger.success("saved")
    try:
        {}["missing"]
    except KeyError:
        logger.exception("a batch was lost")


def rich() -> None:
    """RichHandler as it comes."""
    from rich.logging import RichHandler

    logging.basicConfig(level=logging.DEBUG, format="%(message)s", handlers=[RichHandler(rich_tracebacks=True)])
    for level, text in LINES:
        logging.log(level, text)
    try:
        {}["missing"]
    except KeyError:
        logging.exception("a batch was lost")


def structlog() -> None:
    """structlog's console, then its JSON."""
    import structlog

    log = structlog.get_logger()
    for name, (_, text) in zip(("debug", "info", "warning", "error", "critical"), LINES, strict=True):
        getattr(log, name)(text, rank=3, lr=0.05)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ]
    )
    log = structlog.get_logger()
    for name, (_, text) in zip(("debug", "info", "warning", "error", "critical"), LINES, strict=True):
        getattr(log, name)(text, rank=3, lr=0.05)


def absl() -> None:
    """absl, whose format glog made known."""
    from absl import logging as absl_logging

    absl_logging.use_absl_handler()
    absl_logging.set_verbosity("debug")
    for level, text in LINES:
        if level < logging.CRITICAL:
            absl_logging.log(absl_logging.converter.standard_to_absl(level), text)


def transformers() -> None:
    """transformers' own logger."""
    from transformers.utils import logging as hf

    hf.set_verbosity_info()
    hf.enable_explicit_format()
    logger = hf.get_logger("transformers.trainer")
    for level, text in LINES:
        logger.log(level, text)
    hf.reset_format()
    logger.warning("without the explicit format")


def lightning() -> None:
    """Lightning's messages and warnings."""
    import lightning as pl
    from lightning.pytorch.utilities.rank_zero import rank_zero_info, rank_zero_warn

    pl.seed_everything(3)
    rank_zero_info("`Trainer.fit` will use 1 device")
    rank_zero_warn("The dataloader does not have many workers, which may be a bottleneck.")


def warnings_() -> None:
    """What the interpreter and torch warn of."""
    import torch

    def scheduler():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        torch.optim.lr_scheduler.StepLR(optimizer, 1).step()

    scheduler()
    warnings.warn("reward is never positive", stacklevel=1)
    warnings.warn("old interface", FutureWarning, stacklevel=2)
    torch.nn.functional.mse_loss(torch.zeros(3), torch.zeros(3, 1))


if __name__ == "__main__":
    {**globals(), "logging": logging_, "warnings": warnings_}[sys.argv[1]]()
