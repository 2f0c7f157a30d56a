"""The nouns: frozen values that travel from sources to the screen. Standard library only.

Import from the submodules: `place` (where and when), `events` (what a source yields), `readings` (process, GPU, host),
`finding` (what is wrong and what to do), `log` (segments and rows), `request` (what a screen asks of the engine).
"""
