"""What is made of a program before it is printed: functions from program to program."""
