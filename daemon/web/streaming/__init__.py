"""What flows to whoever watches: figures and news, to each at his own pace."""
