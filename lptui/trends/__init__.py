"""How the metrics of a run move: what each key means, and pure online monitors that tell a break from noise."""
