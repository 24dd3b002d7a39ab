"""Makes the simulated data of the example models, beside this file: `python3 models/data/simulate.py`.

Only the standard library is used, with a seed of its own per file, so the files can be made again to the letter.
"""
import math
import pathlib
import random

HERE = pathlib.Path(__file__).parent


def write(name, head, rows):
    lines = [",".join(format(v, "g") if isinstance(v, float) else str(v) for v in row) for row in rows]
    (HERE / name).write_text("\n".join([head] + lines) + "\n")


def poisson(r, rate):
    limit, k, product = math.exp(-rate), 0, r.random()
    while product > limit:
        k, product = k + 1, product * r.random()
    return k


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


def visits():
    """log mean 0.8 + 0.5 age, shape 1.5"""
    r = random.Random(1)
    for _ in range(200):
        age = round(r.gauss(0, 1), 3)
        mean = math.exp(0.8 + 0.5 * age)
        yield age, poisson(r, r.gammavariate(1.5, mean / 1.5))


def claims():
    """rate per year exp(-1.2 + 0.7 city)"""
    r = random.Random(2)
    for _ in range(150):
        years, city = round(r.uniform(0.2, 5), 2), int(r.random() < 0.4)
        yield years, city, poisson(r, years * math.exp(-1.2 + 0.7 * city))


def ratings():
    """score 1.2 food - 0.8 wait; cuts -2, -0.5, 0.7, 2"""
    r = random.Random(3)
    for _ in range(250):
        food, wait = round(r.gauss(0, 1), 3), round(r.gauss(0, 1), 3)
        u = r.random()
        hidden = 1.2 * food - 0.8 * wait + math.log(u / (1 - u))
        yield food, wait, ["bad", "poor", "fair", "good", "great"][sum(hidden > c for c in (-2, -0.5, 0.7, 2))]


def survival():
    """Weibull, shape 1.6, scale exp(1.5 + 0.8 treated); the study ends after 6"""
    r = random.Random(4)
    for _ in range(180):
        treated = int(r.random() < 0.5)
        time = r.weibullvariate(math.exp(1.5 + 0.8 * treated), 1.6)
        yield treated, round(min(time, 6.0), 3), int(time > 6)


def geyser():
    """a third at Normal(54, 6), the rest at Normal(80, 7)"""
    r = random.Random(5)
    for _ in range(250):
        short = r.random() < 1 / 3
        yield (round(r.gauss(54, 6) if short else r.gauss(80, 7), 1),)


def pupils():
    """30 schools: intercepts Normal(1, 0.8), slopes Normal(0.5, 0.4), correlation -0.6; noise 0.7"""
    r = random.Random(6)
    for school in range(30):
        a, b = r.gauss(0, 1), r.gauss(0, 1)
        level, slope = 1 + 0.8 * a, 0.5 + 0.4 * (-0.6 * a + 0.8 * b)
        for _ in range(12):
            x = round(r.gauss(0, 1), 3)
            yield f"s{school + 1:02}", x, round(level + slope * x + r.gauss(0, 0.7), 3)


def stray():
    """0.5 + 2 x with noise 0.3; one row in twelve is far off"""
    r = random.Random(7)
    for _ in range(120):
        x = round(r.gauss(0, 1), 3)
        noise = r.gauss(0, 6) if r.random() < 1 / 12 else r.gauss(0, 0.3)
        yield x, round(0.5 + 2 * x + noise, 3)


def river():
    """a level that wanders by 0.3 a year, 4 measurements a year with noise 0.8"""
    r = random.Random(8)
    level = 0.0
    for year in range(1971, 2011):
        level += r.gauss(0, 0.3)
        for _ in range(4):
            yield year, round(12 + level + r.gauss(0, 0.8), 2)


def fish():
    """nothing with probability 0.45 for campers without a boat, 0.15 with one; else Poisson(exp(0.4 + 0.3 adults))"""
    r = random.Random(9)
    for _ in range(220):
        boat, adults = int(r.random() < 0.5), r.choice([1, 2, 3, 4])
        none = r.random() < (0.15 if boat else 0.45)
        yield boat, adults, 0 if none else poisson(r, math.exp(0.4 + 0.3 * adults))


def votes():
    """shares 0.1, 0.2, 0.3, 0.4"""
    r = random.Random(10)
    for _ in range(160):
        yield (r.choices(["blue", "green", "red", "yellow"], [0.1, 0.2, 0.3, 0.4])[0],)


def directions():
    """VonMises(0.8, 3)"""
    r = random.Random(11)
    for _ in range(140):
        angle = r.vonmisesvariate(0.8, 3)
        yield (round(angle - 2 * math.pi if angle > math.pi else angle, 4),)


if __name__ == "__main__":
    write("visits.csv", "age,visits", visits())
    write("claims.csv", "years,city,claims", claims())
    write("ratings.csv", "food,wait,rating", ratings())
    write("survival.csv", "treated,months,alive", survival())
    write("geyser.csv", "minutes", geyser())
    write("pupils.csv", "school,x,score", pupils())
    write("stray.csv", "x,y", stray())
    write("river.csv", "year,level", river())
    write("fish.csv", "boat,adults,caught", fish())
    write("votes.csv", "party", votes())
    write("directions.csv", "angle", directions())
