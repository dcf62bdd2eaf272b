"""What is asked and answered, one file for each subject of the contract."""
