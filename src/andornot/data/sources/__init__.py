"""Where concepts come from: annotation, rules on pixels and words, functions of the user.

Nobody in here knows a format of files: data sets make sources of what they read, and hand each of
them one sample at a time.
"""
