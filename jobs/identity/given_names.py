"""Given names and their short forms, written down by us; one line a name, the full form first.

A short form that belongs to several names stands in each line: names are related when they share a line.
"""

from __future__ import annotations

from jobs.identity.letters import name_key

_LINES = """
abigail abby gail
albert al bert
alexander alex al sandy sasha alec
alexandra alex sandra sandy sasha lexi
alfred al fred alf
andrew andy drew
angela angie
anthony tony ant
antonio tony toni
barbara barb babs barbie
benjamin ben benny benji
bernard bernie
bradley brad
caroline carol carrie caro
catherine cathy cate kate katie kathy kitty cat katherine kathleen
charles charlie chuck chas
charlotte charlie lottie
christina chris tina chrissy christine
christopher chris kit topher
cynthia cindy
daniel dan danny
david dave davy
deborah deb debbie debra
dennis denny
donald don donny
dorothy dot dottie dolly
douglas doug
edward ed eddie ted ned teddy
eleanor ellie nell nora elinor
elizabeth liz beth betty eliza lizzie libby lisa betsy bess elisabeth
emily em emmy
eugene gene
evelyn evie eve
florence flo florrie
frances fran frankie fanny
francis frank fran frankie
francisco paco pancho cisco
franklin frank
frederick fred freddie rick
gabriel gabe
gabrielle gabby
gerald gerry jerry
geraldine gerry
gregory greg
guadalupe lupe
harold harry hal
henry harry hank hal
isabella bella izzy isabel
jacob jake
jacqueline jackie
james jim jimmy jamie jem
jennifer jen jenny jenna
jeffrey jeff geoffrey geoff
jessica jess jessie
jesus chuy
joanna jo joanne
john johnny jack jon
jonathan jon johnny nathan
joseph joe joey
jose pepe
josephine jo josie
joshua josh
judith judy
kenneth ken kenny
kimberly kim
lawrence larry laurie
leonard leo len lenny
leslie les
louis lou louie
louise lou
luis lucho
magdalena magda lena
manuel manny manolo
margaret maggie meg peggy marge margie greta rita daisy
maria mary mia
martha patty
mary molly polly may
matthew matt matty
maximilian max
melissa mel missy
michael mike mick mickey micky
michelle shelly
natalie nat
nathaniel nate nathan nat
nicholas nick nicky
nicole nikki nicky
oliver ollie
olivia liv livvy
pamela pam
patricia pat patty trish tricia
patrick pat paddy rick
peter pete
philip phil pip phillip
rachel rae
raymond ray
rebecca becky becca
richard rick dick rich richie ricky dickie
robert bob rob bobby robbie bert
roberta bobbie
roland rolly
ronald ron ronnie
rosemary rose rosie
russell russ rusty
samantha sam sammy
samuel sam sammy
sarah sally sadie sara
sharon shari
solomon sol
stanley stan
stephanie steph
stephen steve steven stevie
stuart stu stewart
susan sue susie suzy susanna suzanne
terence terry
theodore ted teddy theo
theresa terry tess tessa teresa
thomas tom tommy
timothy tim timmy
valerie val
veronica ronnie
victor vic
victoria vicky tori
vincent vince vinny
virginia ginny
walter walt wally
wilhelm willi
william will bill billy willy liam
zachary zach zack
"""
# Names with no short form here: what is on the list is a name, and no mistyped other one.
_OTHERS = """
aaron adam adrian agnes aidan aiden alan alice alicia alina alison allison alyssa amanda amber amelia amy ana anita
ann anna anne annie ariana arthur ashley ashton aubrey audrey austin ava ayden beatrice bella brandon brenda brendan
brian bridget brody brooke bruce bryan caleb callum cameron carl carla carlos carmen carol carolyn cecilia chantal
chelsea chloe claire clara clare cody colin connor corey craig crystal dana danielle darren dean debbie denise derek
diana diane diego dominic dylan edgar edith elena eli elias elijah elisa ella elle ellen ellie elsa elsie emilia
emilio emma enrique eric erica erik erika erin ernest esther ethan eva evan fatima felix fernando fiona gary gavin
gemma george georgia gina glen gloria grace graham hailey hannah harvey hayden hazel heather hector helen hugh hugo
hunter ian ines irene isaac isaiah ivan ivy jacques jade jaden jan jane janet janice jared jasmine jason javier jay
jayden jean jeanne jeremy jerome jill joan joel jordan jorge juan juana julia julian juliana julie juliet june justin
kara karen karl karla kate kayden kayla kaylee keith kelly kelsey kerry kevin kian kieran kyla kyle kylie lara larissa
laura lauren layla leah lee leila lena leon lewis liam lila lilian lillian lily lina linda lisa lola lorna lucas lucia
lucy luke lydia lynn mackenzie mandy marc marcel marco marcus maria mariah mariam marian mariana marie marina mario
marion mark marta martin marvin mason maureen maya megan melanie mia miguel mila miles milo miriam mohamed mohammed
molly monica morgan muhammad nadia nancy naomi natasha neil nina noah noel nora norma oscar owen pablo paige paola
paul paula pauline pedro phoebe priya rafael ralph raul reagan rebekah renee riley rita roger rosa rosalind rose roy
ruben ruby ruth ryan sabrina sara scott sean sebastian selena sergio seth shane shannon sharon shaun sheila shirley
sienna simon simone sofia sonia sophia sophie stacey stella sylvia tamara tanya tara tatiana taylor tia tiffany tina
todd tracy travis trevor tyler valentina vanessa vera wanda wayne wendy xavier yasmin yolanda yvonne zara zoe
"""


def _groups() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in _LINES.split("\n"):
        names = [name_key(name) for name in line.split()]
        for name in names:
            found.setdefault(name, []).append(names[0])
    return {name: tuple(full) for name, full in found.items()}


_FULL = _groups()
KNOWN = frozenset((*_FULL, *map(name_key, _OTHERS.split())))


def full_forms(given: str) -> tuple[str, ...]:
    """The names that the key of a given name may be short for, itself among them where it is one; none when not known.

    >>> full_forms("bob"), full_forms("alex"), full_forms("deakin")
    (('robert',), ('alexander', 'alexandra'), ())
    """
    return _FULL.get(given, ())
