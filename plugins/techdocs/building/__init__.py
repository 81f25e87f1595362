"""From a folder of sources to a folder that is a site. `child` is what runs in the confined process."""
