namespace Caretta.Bpf;

/// <summary>What a test run of a program gave: see <see cref="BpfProgram.TestRun"/>.</summary>
/// <param name="ReturnValue">What the program returned; for programs with a wider result its low half.</param>
/// <param name="DataSize">Bytes of data that the program left, whether they fitted or not.</param>
/// <param name="Duration">Average time of one run, as far as the program's type measures it; else zero.</param>
public readonly record struct BpfTestRun(uint ReturnValue, int DataSize, TimeSpan Duration);
