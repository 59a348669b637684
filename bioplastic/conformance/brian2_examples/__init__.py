"""Run Brian2's own examples: imported here, and compared with stock Brian2.

``python -m bioplastic.conformance.brian2_examples FOLDER [NAME ...]`` executes the scripts of the
folder that you name, up to their ``run``. There the network is taken over by
`bioplastic.from_brian2`; stock Brian2 runs it on the numpy target in double precision and the
compiled program runs it too. Spikes must be equal, and states agree within 1e-9 of their size.
What Poisson groups draw in stock Brian2 is played to ours; networks that draw otherwise are
compared by means over seeds, within three standard errors. Scripts are executed as they are: name
only those you trust.
"""
