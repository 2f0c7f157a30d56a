"""A tiny GPT-2 under the Trainer of transformers."""

import argparse

import torch
from torch.utils.data import Dataset
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments


class Tokens(Dataset):
    """Counting, in tokens."""

    def __len__(self):
        return 128

    def __getitem__(self, index):
        ids = (torch.arange(32) + index) % 96
        return {"input_ids": ids, "labels": ids.clone()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--vocabulary", type=int, default=96)
    parser.add_argument("--eval", default="no")
    parser.add_argument("--resume", default=None)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--optim", default="adamw_torch")
    args = parser.parse_args()
    config = GPT2Config(vocab_size=args.vocabulary, n_positions=64, n_embd=32, n_layer=2, n_head=2)
    arguments = TrainingArguments(
        output_dir="runs/hf",
        learning_rate=args.lr,
        max_steps=args.steps,
        per_device_train_batch_size=8,
        logging_steps=5,
        save_steps=20,
        eval_strategy=args.eval,
        optim=args.optim,
        report_to=[],
        max_grad_norm=0,
    )
    trainer = Trainer(model=GPT2LMHeadModel(config), args=arguments, train_dataset=Tokens())
    trainer.train(resume_from_checkpoint=args.resume)
    print("Training complete!")


if __name__ == "__main__":
    main()
