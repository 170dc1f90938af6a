"""What each tab computes: parameters, pipelines, pictures. Nothing here knows of a web page."""
