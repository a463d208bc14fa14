"""Amazon EFS: file systems that are folders of this machine, their mount targets and access points."""
