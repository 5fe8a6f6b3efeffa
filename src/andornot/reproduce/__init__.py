"""The paper's main experiments once more, each figure beside the published one.

published      what the paper says, and where
sources        data and networks as andornot data get puts them
comparability  whether the paper's numbers belong to these data and this network
measured       figures that both experiments share; vision and nli: the experiments
reproduction   all figures of one experiment, as tables, JSON and text
"""
